import type { ErrorCode } from './error-table.ts'
import { LockstepError, type SourcePlace } from './errors.ts'
import { codePointOfByte, placeAt } from './source-position.ts'
import type { MigrationName, Notice } from './types.ts'

/**
 * One file of a migration, as it is compiled.
 *
 * - `up`: `migration.sql`; `down`: `down.sql`; `verify`: `verify.sql` and `verify.down.sql`
 */
export interface SqlFile {
  readonly path: string
  /** The whole text as it was read, byte-order mark and CRLF included. */
  readonly text: string
  readonly role: 'up' | 'down' | 'verify'
  readonly migration?: MigrationName
}

/** What is wrong in a file, and where: at most one of the two offsets, both 0-based. */
export interface Fault {
  readonly code: ErrorCode
  readonly message: string
  readonly byte?: number
  readonly codePoint?: number
  /** When it says more than the error table's. */
  readonly hint?: string
}

/** Makes the error that refuses a file, with file, line, column and caret. */
export const refusal = (file: SqlFile, fault: Fault): LockstepError => {
  const place = placeOf(file, fault)
  return new LockstepError(fault.code, fault.message, {
    ...(file.migration !== undefined && { migration: file.migration }),
    ...(place !== undefined && { place }),
    ...(fault.hint !== undefined && { hint: fault.hint }),
  })
}

/** Makes a notice about a file. */
export const noticeOf = (file: SqlFile, code: string, message: string): Notice => ({
  code,
  message: `${file.path}: ${message}`,
  ...(file.migration !== undefined && { migration: file.migration }),
})

/** The line of a byte offset, counted from 1. */
export const lineOfByte = (file: SqlFile, byte: number): number => placeAt(file, codePointOfByte(file.text, byte)).line

const placeOf = (file: SqlFile, { byte, codePoint }: Fault): SourcePlace | undefined => {
  if (byte !== undefined) return placeAt(file, codePointOfByte(file.text, byte))
  return codePoint === undefined || codePoint < 0 ? undefined : placeAt(file, codePoint)
}

import { type ErrorCode, type ErrorKind, errorTable } from './error-table.ts'
import type { MigrationName } from './types.ts'

/** Where in a file an error lies; line and column count from 1, the column in code points. */
export interface SourcePlace {
  readonly file: string
  readonly line: number
  readonly column: number
  /** The source line with a caret below the place, ready to print. */
  readonly excerpt: string
}

/** What an error carries besides its code and message; all of it may be recorded and shown. */
export interface ErrorDetails {
  readonly migration?: MigrationName
  readonly place?: SourcePlace
  readonly sqlState?: string
  /** PostgreSQL's own `detail` and `hint`. */
  readonly detail?: string
  readonly serverHint?: string
  /** The next command to type, when it is more exact than the table's hint. */
  readonly hint?: string
  /** Names (files, migrations) that the error is about. */
  readonly names?: readonly string[]
  readonly cause?: unknown
}

/**
 * Is the one error class of Lockstep: a code, what happened (what, got, expected), and how to go on.
 *
 * `code` decides everything else (kind, retry, exit code, default hint) through `error-table.ts`.
 * Messages are lower case and hold no secrets or bind values.
 */
export class LockstepError extends Error {
  override readonly name = 'LockstepError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.details = details
  }

  get kind(): ErrorKind {
    return errorTable[this.code].kind
  }

  get hint(): string {
    return this.details.hint ?? errorTable[this.code].hint
  }
}

/** An error as plain data: what RUN items, audit events and `--json` hold. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
  readonly migration?: MigrationName
  readonly sqlState?: string
  readonly place?: SourcePlace
  readonly detail?: string
  readonly serverHint?: string
  readonly names?: readonly string[]
}

/** Turns any thrown value into plain data; what is not a LockstepError is an `INTERNAL` failure. */
export const toFailure = (thrown: unknown): Failure => {
  const error = asLockstepError(thrown)
  const { migration, sqlState, place, detail, serverHint, names } = error.details
  return {
    code: error.code,
    message: error.message,
    hint: error.hint,
    ...(migration !== undefined && { migration }),
    ...(sqlState !== undefined && { sqlState }),
    ...(place !== undefined && { place }),
    ...(detail !== undefined && { detail }),
    ...(serverHint !== undefined && { serverHint }),
    ...(names !== undefined && { names }),
  }
}

/** Wraps whatever was thrown; a LockstepError is returned as it is. */
export const asLockstepError = (thrown: unknown): LockstepError => {
  if (thrown instanceof LockstepError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new LockstepError('INTERNAL', message, { cause: thrown })
}

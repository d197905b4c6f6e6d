import { DatabaseError } from 'pg'
import type { ErrorCode } from '../domain/error-table.ts'
import { type ErrorDetails, LockstepError } from '../domain/errors.ts'
import { placeAt } from '../domain/source-position.ts'
import { tlsHint } from './postgres-tls.ts'

/**
 * SQLSTATEs by their names in PostgreSQL's manual.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export const sqlStates = {
  activeSqlTransaction: '25001',
  cannotConnectNow: '57P03',
  deadlockDetected: '40P01',
  duplicateCursor: '42P03',
  duplicateTable: '42P07',
  featureNotSupported: '0A000',
  insufficientPrivilege: '42501',
  invalidAuthorization: '28000',
  invalidCatalogName: '3D000',
  invalidParameterValue: '22023',
  invalidPassword: '28P01',
  invalidSchemaName: '3F000',
  lockNotAvailable: '55P03',
  objectInUse: '55006',
  protocolViolation: '08P01',
  queryCanceled: '57014',
  readOnlyTransaction: '25006',
  serializationFailure: '40001',
  undefinedFunction: '42883',
  undefinedTable: '42P01',
  unsafeNewEnumValue: '55P04',
} as const

/** What the functions of schema `lockstep` raise; class LS is nobody else's. */
export const fenceStates = {
  LS001: 'LEASE_LOST',
  LS002: 'FENCE_TOUCHED',
  LS003: 'LOCK_RELEASED',
  LS004: 'STEP_SPLIT',
  LS005: 'STEP_CONFLICT',
  LS007: 'KEEP_TOO_LARGE',
  LS008: 'KEEP_IMPOSSIBLE',
  LS009: 'KEEP_NOT_RESTORED',
} as const satisfies Record<string, ErrorCode>

const byState: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ...Object.entries(fenceStates),
  [sqlStates.invalidPassword, 'CREDENTIALS_REJECTED'],
  [sqlStates.invalidAuthorization, 'CREDENTIALS_REJECTED'],
  [sqlStates.invalidCatalogName, 'DATABASE_MISSING'],
  [sqlStates.insufficientPrivilege, 'PRIVILEGE_MISSING'],
  [sqlStates.invalidParameterValue, 'PRIVILEGE_MISSING'],
  [sqlStates.readOnlyTransaction, 'TARGET_READ_ONLY'],
  [sqlStates.featureNotSupported, 'TARGET_READ_ONLY'],
  [sqlStates.queryCanceled, 'TARGET_UNREACHABLE'],
])

/** Connection exceptions, shutdowns of every kind, and a server that takes no more connections. */
const goneStates = /^(?:08...|57P0[1235]|53300)$/

/** What TLS says when it is not satisfied: Node's codes, and the driver's words where there is no code. */
const tlsCodes = /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$)/
const tlsWords = /does not support SSL|establishing an SSL connection/

/** The way to an error inside a function, and the statement there that failed. */
type Inside = Partial<Pick<DatabaseError, 'internalQuery' | 'internalPosition' | 'where'>>

/** The server's own words: what happened, and what it says besides. */
export const serverDetails = (error: DatabaseError, inside: Inside = error): ErrorDetails => {
  const lines = [error.detail, innerPlace(inside), inside.where && `context: ${inside.where}`]
  const detail = lines.filter(Boolean).join('\n').slice(0, longestDetail)
  return {
    cause: error,
    ...(error.code !== undefined && { sqlState: error.code }),
    ...(detail !== '' && { detail }),
    ...(error.hint !== undefined && { serverHint: error.hint }),
  }
}

/** Where a statement that a function built failed: in that statement, which stands in no file. */
const innerPlace = ({ internalQuery, internalPosition }: Inside): string | undefined => {
  if (internalQuery === undefined || internalPosition === undefined) return undefined
  return placeAt({ path: '', text: internalQuery }, Number(internalPosition) - 1).excerpt
}

/** A failure is recorded in a DynamoDB item, which takes 400 kB at most. */
const longestDetail = 4_000

/** Tells whether the server said that it, or this session, is going away: the outcome of what was sent is unknown. */
export const isGone = (error: DatabaseError): boolean => goneStates.test(error.code ?? '')

/**
 * Wraps what the driver threw at a statement of our own, never at a migration's.
 *
 * An error without a SQLSTATE came from the socket, and says nothing of what became of the statement.
 */
export const wrapOwnError = (thrown: unknown, doing: string): LockstepError => {
  if (thrown instanceof LockstepError) return thrown
  if (thrown instanceof DatabaseError) {
    const code = isGone(thrown) ? 'TARGET_UNREACHABLE' : (byState.get(thrown.code ?? '') ?? 'INTERNAL')
    return new LockstepError(code, `${doing}: ${thrown.message}`, serverDetails(thrown))
  }
  const code = socketCode(thrown)
  const hint = code === 'TARGET_TLS' ? tlsHint(thrown) : undefined
  return new LockstepError(code, `${doing}: ${wordsOf(thrown)}`, { cause: thrown, ...(hint !== undefined && { hint }) })
}

const socketCode = (thrown: unknown): ErrorCode => {
  if (thrown instanceof TypeError || thrown instanceof RangeError || thrown instanceof ReferenceError) return 'INTERNAL'
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  const words = wordsOf(thrown)
  if (words.startsWith('SASL')) return 'CREDENTIALS_REJECTED'
  return tlsCodes.test(code) || tlsWords.test(words) ? 'TARGET_TLS' : 'TARGET_UNREACHABLE'
}

/** Several addresses of one name fail as an aggregate, whose own message is empty. */
const wordsOf = (thrown: unknown): string => {
  if (thrown instanceof AggregateError) return thrown.errors.map(wordsOf).join('; ')
  return thrown instanceof Error ? thrown.message : String(thrown)
}

import { DatabaseError } from 'pg'
import { LockstepError, type SourcePlace } from '../domain/errors.ts'
import { codePointOfByte, countCodePoints, placeInSent } from '../domain/source-position.ts'
import type { SqlParser } from '../domain/sql-parser.ts'
import type { StepOrder } from '../engine/target-database.ts'
import { fenceStates, isGone, serverDetails, sqlStates, wrapOwnError } from './postgres-errors.ts'
import type { MessageOutcome } from './postgres-message.ts'
import { verifyFailure } from './postgres-verify-failure.ts'

/** What was sent of a migration's file, and what of ours stood before it. */
export interface SentSql {
  readonly sql: string
  readonly setup?: string
  /** Where it begins in the file. */
  readonly startCodePoint: number
  readonly before: string
  readonly statementsBefore: number
}

/** For a message whose every statement is ours. */
export const nothingSent: SentSql = {
  sql: '',
  startCodePoint: 0,
  before: '',
  statementsBefore: Number.POSITIVE_INFINITY,
}

/** Finds the statement of a run-time error, which has no position; without it such errors have no place. */
export interface FailureOptions {
  readonly parse?: SqlParser
}

/** What a statement of ours that locks tables may meet, as a migration's may; likely to pass when it is tried again. */
const passingStates: ReadonlySet<string | undefined> = new Set([
  sqlStates.lockNotAvailable,
  sqlStates.deadlockDetected,
  sqlStates.serializationFailure,
])

/** A file that depends on its own COMMITs fails so when they are taken away. */
const needsOwnTransactions: ReadonlySet<string | undefined> = new Set([
  sqlStates.unsafeNewEnumValue,
  sqlStates.objectInUse,
  sqlStates.activeSqlTransaction,
  sqlStates.duplicateCursor,
  sqlStates.duplicateTable,
])

/** What a statement of ours after the file's fails with when the file took its objects, or its rights, away. */
const deprivedStates: ReadonlySet<string | undefined> = new Set([
  sqlStates.insufficientPrivilege,
  sqlStates.undefinedFunction,
  sqlStates.undefinedTable,
  sqlStates.invalidSchemaName,
])

/** Turns what came back of a step's message into the error to throw; the message was rolled back, or its outcome is unknown. */
export const stepFailure = (
  order: StepOrder,
  sent: SentSql,
  outcome: MessageOutcome,
  { parse }: FailureOptions = {},
): LockstepError => {
  const { name } = order.source.migration
  const { error } = outcome
  const doing = `${name} was sent, but its outcome is unknown`
  if (error === undefined) return new LockstepError('INTERNAL', `${name} came back without a receipt`)
  if (!(error instanceof DatabaseError) || isGone(error)) return wrapOwnError(error, doing)
  const unverified = verifyFailure(order, outcome, error, sent)
  if (unverified !== undefined) return unverified
  const guard = fenceStates[error.code as keyof typeof fenceStates]
  if (guard !== undefined) return new LockstepError(guard, `${name}: ${error.message}`, details(order, error))
  switch (partOf(sent, outcome, error)) {
    case 'before':
      return ownFailure(order, error)
    case 'after':
      return new LockstepError(
        'FENCE_TOUCHED',
        `${name} changed schema "lockstep": ${error.message}`,
        details(order, error),
      )
    case 'migration':
      if (sent.sql === '') return closingFailure(order, error)
      return migrationFailure(order, error, placeOf(order, sent, outcome, error, parse))
  }
}

type Part = 'before' | 'migration' | 'after'

const partOf = (sent: SentSql, outcome: MessageOutcome, error: DatabaseError): Part => {
  if (sent === nothingSent) return 'before'
  const codePoint = positionIn(sent, error)
  if (codePoint === undefined) return outcome.completed < sent.statementsBefore ? 'before' : 'migration'
  if (codePoint < 0) return 'before'
  return codePoint > countCodePoints(sent.sql) && deprivedStates.has(error.code) ? 'after' : 'migration'
}

/** 0-based in the migration's SQL; negative before it. */
const positionIn = ({ before }: SentSql, { position }: DatabaseError): number | undefined =>
  position === undefined ? undefined : Number(position) - 1 - countCodePoints(before)

/** A statement of ours before the migration's: a lock that was not to be had may be tried again, as in a migration. */
const ownFailure = (order: StepOrder, error: DatabaseError): LockstepError => {
  const { name } = order.source.migration
  if (passingStates.has(error.code)) return migrationFailure(order, error, undefined)
  return wrapOwnError(error, `cannot run ${name} as role ${order.settings.applicationRole}`)
}

/** Nothing of the migration's was in the message: its last unit took effect before, so its mark has to stay. */
const closingFailure = (order: StepOrder, error: DatabaseError): LockstepError => {
  const code = order.direction === 'down' ? 'KEEP_NOT_RESTORED' : 'KEEP_IMPOSSIBLE'
  return new LockstepError(code, `${order.source.migration.name}: ${error.message}`, details(order, error))
}

const migrationFailure = (order: StepOrder, error: DatabaseError, place: SourcePlace | undefined): LockstepError => {
  const { body, migration } = order.source
  const isFlattened = body.kind === 'transaction' && body.flattened
  const code = isFlattened && needsOwnTransactions.has(error.code) ? 'STEP_NEEDS_OWN_TRANSACTIONS' : 'MIGRATION_FAILED'
  const why = code === 'STEP_NEEDS_OWN_TRANSACTIONS' ? ' (it depends on its own COMMITs)' : ''
  const alone = code === 'MIGRATION_FAILED' && error.code === sqlStates.activeSqlTransaction
  return new LockstepError(code, `${migration.name} failed: ${error.message}${why}`, {
    ...details(order, error),
    ...(place !== undefined && { place }),
    ...(order.direction === 'down' && { hint: downHint }),
    ...(alone && { hint: 'add `-- lockstep:transaction=none` at the top of the file' }),
  })
}

/** A way back is kept as it was reviewed, so that no push corrects it. */
const downHint =
  'nothing of it was changed; clear what it met, and ask again with `lockstep rollback`, or go forward with a new migration'

const details = ({ source }: StepOrder, error: DatabaseError) => ({
  migration: source.migration.name,
  ...serverDetails(error),
})

/** The exact place where there is one, else the statement that failed. */
const placeOf = (
  order: StepOrder,
  sent: SentSql,
  outcome: MessageOutcome,
  error: DatabaseError,
  parse: SqlParser | undefined,
): SourcePlace | undefined => {
  const source = { path: order.source.path, text: order.source.text }
  const codePoint = positionIn(sent, error) ?? statementStart(sent, outcome, parse)
  return codePoint === undefined ? undefined : placeInSent(source, sent, codePoint)
}

/** Undefined for what fails at COMMIT, such as a deferred constraint. */
const statementStart = (sent: SentSql, outcome: MessageOutcome, parse: SqlParser | undefined): number | undefined => {
  const setup = parse?.(sent.setup ?? '')
  const parsed = parse?.(sent.sql)
  if (!parsed?.ok || !setup?.ok) return undefined
  const statement = parsed.statements[outcome.completed - sent.statementsBefore - setup.statements.length]
  if (statement === undefined) return undefined
  return codePointOfByte(sent.sql, statement.startByte)
}

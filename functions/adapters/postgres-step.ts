import type { Failure } from '../domain/errors.ts'
import { LockstepError } from '../domain/errors.ts'
import type { Receipt } from '../domain/receipt.ts'
import type { SqlParser } from '../domain/sql-parser.ts'
import type { Clock } from '../engine/system.ts'
import type { StepOrder } from '../engine/target-database.ts'
import { keepingOf, type StepPart, wholeStep } from './keeping.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { nothingSent, stepFailure } from './postgres-failure.ts'
import { millisecondsBetween } from './postgres-receipts.ts'
import { recover } from './postgres-recovery.ts'
import { receiptStatement, recordMessage, recordStatement, type StepContent, stepMessage } from './step-message.ts'
import { verifyStatements } from './verify-statements.ts'

/** What steps are run with. */
export interface Runner {
  readonly connection: PostgresConnection
  readonly clock: Clock
  readonly parse?: SqlParser
}

/** Runs a transactional step and writes its receipt, in one message. */
export const commitStep = async (runner: Runner, order: StepOrder): Promise<Receipt> => {
  const { body } = order.source
  if (body.kind !== 'transaction')
    throw new LockstepError('INTERNAL', `${order.source.migration.name} runs unit by unit`)
  const content = { sql: body.sql, startCodePoint: 0, ...ending(order, wholeStep(order)) }
  return committedReceipt(order, await runInTransaction(runner, order, content))
}

/** What stands around the SQL of a transaction. */
export type StepEnding = Pick<StepContent, 'prepare' | 'conclude' | 'record'>

/** What a step's last transaction keeps before its SQL, and what ends it: what is put back, what must hold, and the receipt. */
export const ending = (order: StepOrder, part: StepPart): StepEnding => {
  const { verify } = order.source
  const keeping = keepingOf(order, part)
  const conclude = [...(keeping.conclude ?? []), ...(verify === undefined ? [] : verifyStatements(verify))]
  return { ...keeping, record: receiptStatement(order, keeping), ...(conclude.length > 0 && { conclude }) }
}

/** What of a migration runs in a transaction, and where in its file it begins. */
export interface TransactionContent extends StepContent {
  readonly startCodePoint: number
}

/**
 * Sends a message around a migration's SQL and returns what was recorded.
 *
 * A COMMIT that completed stays committed, whatever error follows. Every failure goes through one path, which rolls back and cleans,
 * since a failed message never reaches its own cleaning.
 */
export const runInTransaction = async (
  { connection, parse }: Runner,
  order: StepOrder,
  content: TransactionContent,
): Promise<string> => {
  const message = stepMessage(order, connection.serverVersion, content)
  const outcome = await connection.send(message.text)
  if (outcome.error) await recover(connection)
  if (outcome.committed && outcome.reply !== undefined) return outcome.reply
  throw stepFailure(order, { ...message, ...content }, outcome, { ...(parse && { parse }) })
}

/** Commits a record without running anything of the migration's. */
export const commitRecord = async ({ connection }: Runner, order: StepOrder, record: string): Promise<string> => {
  const outcome = await connection.send(recordMessage(order, record))
  if (outcome.error) await recover(connection)
  if (outcome.committed && outcome.reply !== undefined) return outcome.reply
  throw stepFailure(order, nothingSent, outcome)
}

/**
 * Writes the receipt of a step that failed.
 *
 * @param elapsedMs how long the attempt took, which the database no longer knows
 */
export const recordFailure = async (
  runner: Runner,
  order: StepOrder,
  { failure, elapsedMs }: { readonly failure: Failure; readonly elapsedMs: number },
): Promise<Receipt> => {
  const record = recordStatement('record_failure', order, { failure, elapsed_ms: elapsedMs })
  return { ...receiptOf(order, await commitRecord(runner, order, record)), outcome: 'failed', failure }
}

/** Makes the receipt that was committed from its order and the times that the database gave it. */
export const committedReceipt = (order: StepOrder, reply: string): Receipt => ({
  ...receiptOf(order, reply),
  outcome: 'committed',
})

type Recorded = Pick<Receipt, 'startedAt' | 'finishedAt' | 'kept'>

const receiptOf = (order: StepOrder, reply: string): Omit<Receipt, 'outcome'> => {
  const { startedAt, finishedAt, kept }: Recorded = JSON.parse(reply)
  const { name, checksum } = order.source.migration
  return {
    key: order.key,
    migration: name,
    direction: order.direction,
    attempt: order.attempt,
    checksum,
    bundle: order.bundle,
    run: order.run,
    startedAt,
    finishedAt,
    durationMs: millisecondsBetween(startedAt, finishedAt),
    outOfOrder: order.outOfOrder,
    ...(kept && { kept }),
  }
}

import { escapeIdentifier } from 'pg'
import { LockstepError } from '../domain/errors.ts'
import type { Receipt } from '../domain/receipt.ts'
import type { Unit } from '../domain/step-source.ts'
import type { StepOrder, UnitPosition } from '../engine/target-database.ts'
import { prismaKey } from './advisory-keys.ts'
import { keepingOf, unitPart } from './keeping.ts'
import { remediesOf } from './postgres-evidence.ts'
import { nothingSent, stepFailure } from './postgres-failure.ts'
import { tryKey } from './postgres-lock.ts'
import { replyColumn } from './postgres-message.ts'
import { recover } from './postgres-recovery.ts'
import {
  commitRecord,
  committedReceipt,
  ending,
  type Runner,
  runInTransaction,
  type StepEnding,
} from './postgres-step.ts'
import { cleaning, fenceArguments, progressOf, recordStatement, timeouts } from './step-message.ts'

const keyPollMs = 100
/** How long another tool may hold Prisma's key after a concurrent statement of ours. */
const longestKeyWaitMs = 60_000

/** Runs a unit of kind `transaction` together with its progress, or with the step's receipt. */
export const commitUnit = async (
  runner: Runner,
  order: StepOrder,
  unit: Unit,
  position: UnitPosition,
): Promise<Receipt | undefined> => {
  const { sql, startCodePoint, setup } = unit
  const reply = await runInTransaction(runner, order, {
    sql,
    startCodePoint,
    ...endOfUnit(order, unit, position),
    ...(setup !== undefined && { setup }),
  })
  return position === 'last' ? committedReceipt(order, reply) : undefined
}

/** Commits that a unit is about to run. */
export const openUnit = async (runner: Runner, order: StepOrder, unit: Unit): Promise<void> => {
  await commitRecord(runner, order, recordStatement('record_progress', order, progressOf(unit, 'running')))
}

/** Commits that a unit is done, or what must hold after the last one together with the step's receipt. */
export const closeUnit = async (
  runner: Runner,
  order: StepOrder,
  unit: Unit,
  position: UnitPosition,
): Promise<Receipt | undefined> => {
  if (position !== 'last') {
    await commitRecord(runner, order, doneRecord(order, unit))
    return undefined
  }
  const { conclude, record } = endOfUnit(order, unit, position)
  if (conclude !== undefined) return await commitUnit(runner, order, { ...unit, sql: '' }, position)
  return committedReceipt(order, await commitRecord(runner, order, record))
}

const endOfUnit = (order: StepOrder, unit: Unit, position: UnitPosition): StepEnding => {
  const part = unitPart(unit, position)
  return position === 'last' ? ending(order, part) : { ...keepingOf(order, part), record: doneRecord(order, unit) }
}

const doneRecord = (order: StepOrder, unit: Unit): string =>
  recordStatement('record_progress', order, progressOf(unit, 'done'))

/** Runs a unit of kind `alone`; a partition that is detached by half is finished instead, since detaching it again is refused. */
export const runUnit = async (runner: Runner, order: StepOrder, unit: Unit): Promise<void> => {
  const remedies = unit.effect?.kind === 'partition-detached' ? await remediesOf(runner.connection, order, unit) : []
  const statements = remedies.length > 0 ? remedies.map((sql) => ({ ...unit, sql })) : [unit]
  for (const statement of statements) await runAlone(runner, order, statement)
}

/** Drops the invalid indexes that a unit left behind, and nothing else. */
export const clearUnit = async (runner: Runner, order: StepOrder, unit: Unit): Promise<void> => {
  for (const sql of await remediesOf(runner.connection, order, unit)) await runAlone(runner, order, { ...unit, sql })
}

/**
 * Runs one statement outside any transaction, in a session that is set up for it and cleaned after it.
 *
 * Prisma's key is let go meanwhile: `prisma migrate deploy` waits for it in the server, with a snapshot that a concurrent index
 * build would wait for, and the build would be the deadlock's victim.
 */
const runAlone = async (runner: Runner, order: StepOrder, unit: Unit): Promise<void> => {
  const { connection, parse } = runner
  await prepare(runner, order, unit)
  const outcome = await connection.send(unit.sql)
  if (outcome.error === undefined) {
    const { error, reply } = await connection.send(afterwards)
    if (error) await recover(connection)
    if (reply !== 't') await retakePrismaKey(runner)
    return
  }
  await recover(connection)
  await tryKey(connection, prismaKey).catch(() => false)
  throw stepFailure(order, sentAlone(unit), outcome, { ...(parse && { parse }) })
}

const prepare = async ({ connection }: Runner, order: StepOrder, unit: Unit): Promise<void> => {
  const { applicationRole, searchPath } = order.settings
  const statements = [
    `select lockstep.assert_alone(${fenceArguments(order)})`,
    `select pg_catalog.pg_advisory_unlock(${prismaKey.key})`,
    ...timeouts(order, connection.serverVersion, 'set'),
    `set search_path = ${searchPath}`,
    `set role ${escapeIdentifier(applicationRole)}`,
    ...(unit.setup === undefined ? [] : [unit.setup]),
  ]
  const outcome = await connection.send(statements.join('\n;\n'))
  if (outcome.error === undefined) return
  await recover(connection)
  throw stepFailure(order, nothingSent, outcome)
}

/** The session as it was, and Prisma's key again if nobody took it meanwhile. */
const afterwards = [...cleaning, `select pg_try_advisory_lock(${prismaKey.key}) as ${replyColumn}`].join(';\n')

const sentAlone = ({ sql, startCodePoint }: Unit) => ({ sql, startCodePoint, before: '', statementsBefore: 0 })

const retakePrismaKey = async ({ connection, clock }: Runner): Promise<void> => {
  const giveUpAt = clock.monotonicMs() + longestKeyWaitMs
  while (!(await tryKey(connection, prismaKey))) {
    if (clock.monotonicMs() > giveUpAt)
      throw new LockstepError('LEASE_HELD', 'another tool holds the advisory lock of Prisma Migrate')
    await clock.sleep(keyPollMs)
  }
}

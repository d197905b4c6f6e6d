import { LockstepError } from '../../functions/domain/errors.ts'
import type { Receipt } from '../../functions/domain/receipt.ts'
import type { Unit } from '../../functions/domain/step-source.ts'
import { laterBy, type Token } from '../../functions/domain/types.ts'
import { type FailedAssertion, verifyFailed } from '../../functions/domain/verify-failure.ts'
import type { Clock } from '../../functions/engine/system.ts'
import type { StepOrder, TargetSession, UnitEvidence, UnitPosition } from '../../functions/engine/target-database.ts'
import { keptBy, restoredBy } from './memory-kept.ts'
import {
  assertFence,
  assertHead,
  recordFailed,
  recordProgress,
  recordReceipt,
  type TargetData,
} from './memory-target.ts'
import { migrationFailed, toldOutcome } from './told-outcomes.ts'

/** One connection to a database in memory. */
export interface MemorySession {
  readonly database: string
  readonly pid: number
  readonly startedAt: string
  readonly applicationName: string
  readonly token: Token
  isOpen: boolean
  holdsLock: boolean
  state: 'idle' | 'active'
  /** When the step that runs, or ran last, began. */
  startedMs: number
}

export interface StepParts {
  readonly clock: Clock
  readonly session: MemorySession
  readonly data: () => TargetData
  /** How often each text was run, whatever came of it. */
  readonly runs: Map<string, number>
  /** How the connection breaks at this commit, if it does. */
  readonly takeBreak: () => 'before' | 'after' | undefined
  readonly end: () => void
}

type StepCalls = Pick<
  TargetSession,
  'commitStep' | 'commitUnit' | 'openUnit' | 'runUnit' | 'examineUnit' | 'clearUnit' | 'closeUnit' | 'recordFailure'
>

/** The calls of a session that run and record steps. */
export function memorySteps(parts: StepParts): StepCalls {
  const { clock, session, data } = parts
  const begin = (): void => {
    session.startedMs = clock.monotonicMs()
  }
  return {
    commitStep: async (order) => {
      begin()
      const { body } = order.source
      if (body.kind !== 'transaction')
        throw new LockstepError('INTERNAL', `${order.source.migration.name} runs unit by unit`)
      return await inTransaction(parts, order, async () => {
        await run(parts, order, body.sql)
        await verify(parts, order, 'nothing')
        const receipt = recordDone(parts, order)
        took(parts, order, body.sql)
        return receipt
      })
    },
    commitUnit: async (order, unit, position) => {
      begin()
      return await inTransaction(parts, order, async () => {
        await run(parts, order, unit.sql)
        if (position === 'last') await verify(parts, order, unit.index === 0 ? 'nothing' : 'earlier statements')
        const receipt = recordEnd(parts, order, unit, position)
        took(parts, order, unit.sql)
        return receipt
      })
    },
    openUnit: async (order, unit) => {
      begin()
      await inTransaction(parts, order, async () => progress(parts, order, unit, 'running'))
    },
    runUnit: async (order, unit) => {
      begin()
      mustBeOpen(session)
      assertFence(data(), order.lease)
      mustHoldLock(session)
      await runAlone(parts, order, unit)
    },
    examineUnit: async (_order, unit) => {
      mustBeOpen(session)
      return evidenceOf(data(), unit)
    },
    clearUnit: async (_order, unit) => {
      mustBeOpen(session)
      if (data().effects.get(unit.sha256) === 'invalid') data().effects.delete(unit.sha256)
    },
    closeUnit: async (order, unit, position) =>
      await inTransaction(parts, order, async () => {
        if (position === 'last') await verify(parts, order, 'all statements')
        return recordEnd(parts, order, unit, position)
      }),
    recordFailure: async (order, failure) =>
      await inTransaction(parts, order, async () => {
        assertHead(data(), order)
        return recordFailed(data(), {
          ...receiptOf(parts, order),
          outcome: 'failed',
          failure: structuredClone(failure),
        })
      }),
  }
}

/** Takes effect as a whole or not at all, and may lose its answer. */
async function inTransaction<T>(parts: StepParts, order: StepOrder, act: () => Promise<T>): Promise<T> {
  const { session, data, takeBreak, end } = parts
  mustBeOpen(session)
  assertFence(data(), order.lease)
  const breaks = takeBreak()
  if (breaks === 'before') {
    end()
    mustBeOpen(session)
  }
  const result = await act()
  if (breaks === 'after') {
    end()
    mustBeOpen(session)
  }
  return result
}

const mustBeOpen = ({ isOpen }: MemorySession): void => {
  if (!isOpen) throw new LockstepError('TARGET_UNREACHABLE', 'the connection broke')
}

const mustHoldLock = ({ holdsLock }: MemorySession): void => {
  if (!holdsLock) throw new LockstepError('LOCK_RELEASED', 'the session does not hold its advisory lock any more')
}

/** "Runs" a text of a transaction: waits and fails as it says itself. */
async function run(parts: StepParts, order: StepOrder, sql: string): Promise<void> {
  const { sqlState } = await tell(parts, sql)
  if (sqlState !== undefined) throw migrationFailed(order, sqlState)
}

/** "Runs" the assertions: each fails, or returns what it says. */
async function verify(parts: StepParts, order: StepOrder, stays: FailedAssertion['stays']): Promise<void> {
  const { source, direction } = order
  for (const [index, { sql }] of (source.verify?.assertions ?? []).entries()) {
    const { sqlState, returns } = await tell(parts, sql)
    if (sqlState === undefined && (returns === undefined || returns === 'true')) continue
    const what = sqlState === undefined ? `returned ${returns}` : 'failed: as its text says'
    const details = sqlState === undefined ? {} : { sqlState }
    if (source.verify) throw verifyFailed(source, source.verify, { index, what, direction, stays, details })
  }
}

/** Notes that a text took effect. */
function took({ data }: StepParts, { source, direction }: StepOrder, sql: string): void {
  data().ran = [...data().ran, { migration: source.migration.name, direction, sql }]
}

async function runAlone(parts: StepParts, order: StepOrder, unit: Unit): Promise<void> {
  const { effects } = parts.data()
  const before = effects.get(unit.sha256)
  // a concurrent build makes its index at first invalid, and leaves it so when it is cut off
  if (before === undefined && unit.effect?.kind === 'index-built') effects.set(unit.sha256, 'invalid')
  const { sqlState, leavesInvalid } = await tell(parts, unit.sql)
  if (sqlState === undefined) {
    // an invalid index of that name stays invalid: with IF NOT EXISTS, its build succeeds without building
    if (before !== 'invalid') effects.set(unit.sha256, 'done')
    took(parts, order, unit.sql)
    return
  }
  if (leavesInvalid) effects.set(unit.sha256, 'invalid')
  else if (before === undefined) effects.delete(unit.sha256)
  throw migrationFailed(order, sqlState)
}

async function tell({ clock, session, runs }: StepParts, sql: string) {
  const earlierRuns = runs.get(sql) ?? 0
  runs.set(sql, earlierRuns + 1)
  const told = toldOutcome(sql, earlierRuns)
  session.state = 'active'
  if (told.takesMs > 0) await clock.sleep(told.takesMs)
  mustBeOpen(session)
  session.state = 'idle'
  return told
}

function evidenceOf({ effects }: TargetData, { sha256, effect }: Unit): UnitEvidence {
  if (effect === undefined) return 'unknown'
  if (effect.kind === 'repeatable') return 'absent'
  return effects.get(sha256) ?? 'absent'
}

/** The transaction is still ours to commit: lock and head are as planned. */
function checked({ session, data }: StepParts, order: StepOrder): TargetData {
  mustBeOpen(session)
  assertFence(data(), order.lease)
  mustHoldLock(session)
  assertHead(data(), order)
  return data()
}

function recordDone(parts: StepParts, order: StepOrder): Receipt {
  const data = checked(parts, order)
  const { migration, wayBack = {} } = order.source
  const bare = receiptOf(parts, order)
  const kept = order.direction === 'up' ? keptBy(order, bare.finishedAt) : restoredBy(data, order)
  const told = kept.map(({ table, columns, rows }) => ({ table, ...(columns && { columns }), rows }))
  const receipt = recordReceipt(data, { ...bare, ...(told.length > 0 && { kept: told }) })
  data.kept = order.direction === 'up' ? [...data.kept, ...kept] : data.kept.filter((table) => !kept.includes(table))
  if (order.direction === 'up') data.waysBack.set(migration.name, wayBack)
  return receipt
}

function recordEnd(parts: StepParts, order: StepOrder, unit: Unit, position: UnitPosition): Receipt | undefined {
  if (position === 'last') return recordDone(parts, order)
  progress(parts, order, unit, 'done')
  return undefined
}

function progress({ session, data }: StepParts, order: StepOrder, unit: Unit, state: 'running' | 'done'): void {
  mustHoldLock(session)
  const { name } = order.source.migration
  recordProgress(data(), { migration: name, direction: order.direction, unit: unit.index, sha256: unit.sha256, state })
}

function receiptOf({ clock, session }: StepParts, order: StepOrder): Receipt {
  const finishedAt = clock.now()
  const durationMs = clock.monotonicMs() - session.startedMs
  const { name, checksum } = order.source.migration
  return {
    ...{ key: order.key, migration: name, direction: order.direction, outcome: 'committed', attempt: order.attempt },
    ...{ checksum, bundle: order.bundle, run: order.run, outOfOrder: order.outOfOrder },
    ...{ startedAt: laterBy(finishedAt, -durationMs), finishedAt, durationMs },
  }
}

import type { TargetSettings } from '../domain/settings.ts'
import type { StepOrder, TargetSession } from '../engine/target-database.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { examineUnit } from './postgres-evidence.ts'
import { acceptFence, raiseFence, readFences } from './postgres-fence.ts'
import { interrupt } from './postgres-interrupt.ts'
import { invalidIndexes } from './postgres-invalid-indexes.ts'
import { dropKept, keptTables } from './postgres-kept.ts'
import { terminate, tryLock } from './postgres-lock.ts'
import { countLosses } from './postgres-losses.ts'
import type { NoticeListener } from './postgres-notices.ts'
import { appliedAfter, readState, receiptsAfter } from './postgres-receipts.ts'
import { ensureSchema } from './postgres-schema.ts'
import { commitStep, type Runner, recordFailure } from './postgres-step.ts'
import { clearUnit, closeUnit, commitUnit, openUnit, runUnit } from './postgres-units.ts'

export interface SessionParts extends Runner {
  readonly notices?: NoticeListener
  /** Opens another connection, for what the first is too busy to do. */
  readonly openSecond: () => Promise<PostgresConnection>
}

/**
 * Makes a session of a connection.
 *
 * Calls take turns: a step is several messages between which the connection is not as others need it, and the receipts are read
 * while a step runs.
 */
export const openSession = (parts: SessionParts, settings: TargetSettings): TargetSession => {
  const { connection, clock } = parts
  const inTurn = makeTurns()
  let startedMs = clock.monotonicMs()
  const step = <T>(order: StepOrder, run: () => Promise<T>): Promise<T> =>
    inTurn(() => {
      startedMs = clock.monotonicMs()
      parts.notices?.startStep(order.source.migration.name)
      return run()
    })
  return {
    backend: connection.backend,
    leave: () => connection.destroy(),
    interrupt: () => interrupt(parts),
    tryLock: () => inTurn(() => tryLock(connection, settings.target)),
    terminate: (backend) => inTurn(() => terminate(connection, backend)),
    ensureSchema: () => inTurn(() => ensureSchema(connection, clock)),
    raiseFence: (lease, firstAttach) => inTurn(() => raiseFence(connection, clock, { lease, firstAttach })),
    readFences: () => inTurn(() => readFences(connection)),
    acceptFence: (lease) => inTurn(() => acceptFence(connection, clock, lease)),
    readState: () => inTurn(() => readState(connection)),
    appliedAfter: (floor) => inTurn(() => appliedAfter(connection, floor)),
    countLosses: (losses) => inTurn(() => countLosses({ connection, clock, settings }, losses)),
    keptTables: () => inTurn(() => keptTables(connection)),
    dropKept: (names, agree) => inTurn(() => dropKept(connection, settings, { names, agree })),
    invalidIndexes: () => inTurn(() => invalidIndexes(connection)),
    receiptsAfter: (key, limit) => inTurn(() => receiptsAfter(connection, key, limit)),
    commitStep: (order) => step(order, () => commitStep(parts, order)),
    commitUnit: (order, unit, position) => step(order, () => commitUnit(parts, order, unit, position)),
    openUnit: (order, unit) => step(order, () => openUnit(parts, order, unit)),
    runUnit: (order, unit) => step(order, () => runUnit(parts, order, unit)),
    examineUnit: (order, unit) => inTurn(() => examineUnit(connection, order, unit)),
    clearUnit: (order, unit) => inTurn(() => clearUnit(parts, order, unit)),
    closeUnit: (order, unit, position) => inTurn(() => closeUnit(parts, order, unit, position)),
    recordFailure: (order, failure) =>
      inTurn(() => recordFailure(parts, order, { failure, elapsedMs: clock.monotonicMs() - startedMs })),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  }
}

const makeTurns = () => {
  let last: Promise<unknown> = Promise.resolve()
  return <T>(act: () => Promise<T>): Promise<T> => {
    const turn = last.then(act)
    last = turn.catch(() => {})
    return turn
  }
}

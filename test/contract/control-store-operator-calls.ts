import fc from 'fast-check'
import { ledgerEntry } from '../../functions/domain/ledger.ts'
import { revision, runId, token, workerId } from '../../functions/domain/types.ts'
import type { FreezeOrder } from '../../functions/engine/control-store.ts'
import { at, draftOf, receiptOf } from '../support/control-records.ts'
import type { Call, World } from './control-store-calls.ts'
import { recent } from './recent.ts'

const picks = fc.nat({ max: 1_000 })
const act = runId('u-1')
const events = [draftOf(act, { type: 'lock.freezing' })]

const beginFreeze = fc.tuple(picks, fc.nat({ max: 5 })).map(
  ([pick, step]): Call =>
    (world) => {
      const order = orderOf(world, pick, step)
      world.freezes.push(order)
      return (store) => store.beginFreeze(order)
    },
)

const beginAgain = picks.map(
  (pick): Call =>
    ({ freezes }) => {
      const order = recent(freezes, pick)
      return order && ((store) => store.beginFreeze(order))
    },
)

const endFreeze = fc.tuple(picks, fc.constantFrom('FREE' as const, 'FROZEN' as const)).map(
  ([pick, lockState]): Call =>
    ({ freezes }) => {
      const order = recent(freezes, pick)
      return order && ((store) => store.endFreeze({ ...order, lockState }))
    },
)

const thaw = picks.map(
  (pick): Call =>
    ({ target, locks, steps }) => {
      const seen = recent(locks, pick)
      const worker = workerId(`thaw-${steps}`)
      return seen && ((store) => store.thaw({ target, worker, token: seen.token, at: at(steps), events }))
    },
)

const acceptDatabase = fc.tuple(picks, picks).map(
  ([pick, head]): Call =>
    ({ freezes, heads, steps }) => {
      const [order, seen] = [recent(freezes, pick), recent(heads, head)]
      const projected = pick % 2 === 0 ? null : { token: token(steps), n: 1, at: at(1) }
      return order && seen && ((store) => store.acceptDatabase({ ...order, seen, projected }))
    },
)

const rewriteLedger = picks.map(
  (pick): Call =>
    ({ target, heads }) => {
      const seen = recent(heads, pick)
      const entries = [1, 2].map((n) => ({ ...ledgerEntry(receiptOf(act, n)), state: 'LOST' as const }))
      return seen && seen.seq > 0 ? (store) => store.rewriteLedger(target, seen, entries) : undefined
    },
)

/** Calls of an operator, late ones among them. */
export const operatorCalls: fc.Arbitrary<Call> = fc.oneof(
  { weight: 3, arbitrary: beginFreeze },
  { weight: 1, arbitrary: beginAgain },
  { weight: 3, arbitrary: endFreeze },
  { weight: 2, arbitrary: thaw },
  { weight: 2, arbitrary: acceptDatabase },
  { weight: 1, arbitrary: rewriteLedger },
)

/** A token may jump: that of an accepted database can be any. */
function orderOf({ target, locks, steps }: World, pick: number, step: number): FreezeOrder {
  const lock = recent(locks, pick)
  return {
    target,
    seen: lock === undefined ? null : { token: lock.token, revision: lock.revision },
    token: token((lock?.token ?? 0) + 1 + step),
    worker: workerId(`op-${steps}`),
    revision: revision(`freeze-${steps}`),
    leaseMs: 30_000,
    reason: 'ada: incident',
    at: at(steps),
    events,
  }
}

import fc from 'fast-check'
import { sha256 } from '../../functions/domain/checksum.ts'
import type { ChainHead, FinalRunState, Lease, LockRecord, SliceReport } from '../../functions/domain/records.ts'
import { type RunId, revision, runId, type TargetName, token, workerId } from '../../functions/domain/types.ts'
import type { ControlStore, FreezeOrder, LeaseClaim } from '../../functions/engine/control-store.ts'
import { at, claimOf, draftOf, endOf, eventOf, newRun, receiptOf } from '../support/control-records.ts'
import { operatorCalls } from './control-store-operator-calls.ts'
import { recent } from './recent.ts'

/** What the callers know by now, kept from the answers that they got. */
export interface World {
  readonly target: TargetName
  readonly leases: Lease[]
  readonly locks: LockRecord[]
  readonly heads: ChainHead[]
  readonly claims: LeaseClaim[]
  readonly freezes: FreezeOrder[]
  /** Names whatever has to be new. */
  steps: number
}

export type Act = (store: ControlStore) => Promise<unknown>
/** One call, made of what the callers know; undefined when they know too little for it. */
export type Call = (world: World) => Act | undefined

const runs = fc.constantFrom<RunId[]>(runId('r-1'), runId('r-2'))
const picks = fc.nat({ max: 1_000 })
const finalStates = fc.constantFrom<FinalRunState[]>('SUCCEEDED', 'FAILED', 'REFUSED', 'CRASHED', 'EXPIRED')
const failure = { code: 'TARGET_UNREACHABLE', message: 'no route', hint: 'check' } as const

const finished = (run: RunId) => [draftOf(run, { type: 'run.finished' })]
/** Every second slice leaves a step running. */
const reportOf = (pick: number, steps: number): SliceReport => ({
  applied: steps,
  ...(pick % 2 === 0 && { detached: { migration: receiptOf(runId('r-1'), 1).migration, unit: 0, times: steps } }),
})

const parked = (run: RunId) => [draftOf(run, { type: 'run.parked' })]

const countStart = runs.map(
  (id): Call =>
    ({ target, steps }) => {
      const run = newRun(target, { id, createdAt: at(steps) })
      return (store) => store.countStart(run)
    },
)

const returnStart = runs.map(
  (id): Call =>
    ({ target }) =>
    (store) =>
      store.returnStart(target, id),
)

const countFault = fc.tuple(runs, fc.nat({ max: 3 })).map(
  ([id, second]): Call =>
    ({ target }) => {
      return (store) => store.countFault(target, id, { at: at(second), failure })
    },
)

const finishRun = fc.tuple(runs, finalStates).map(
  ([id, state]): Call =>
    ({ target }) => {
      return (store) => store.finishRun(target, id, endOf({ state }), finished(id))
    },
)

function freshClaim({ target, steps, claims }: World, id: RunId): LeaseClaim {
  const names = { worker: workerId(`w-${steps}`), revision: revision(`claim-${steps}`) }
  const claim = claimOf({ target, id }, { ...names, at: at(steps) })
  claims.push(claim)
  return claim
}

const acquire = runs.map(
  (id): Call =>
    (world) => {
      const claim = freshClaim(world, id)
      return (store) => store.acquire(claim)
    },
)

const acquireAgain = picks.map(
  (pick): Call =>
    ({ claims }) => {
      const claim = recent(claims, pick)
      return claim && ((store) => store.acquire(claim))
    },
)

const attach = runs.map(
  (id): Call =>
    (world) => {
      const claim = freshClaim(world, id)
      return (store) => store.attach(claim)
    },
)

const takeOver = fc.tuple(runs, picks).map(
  ([id, pick]): Call =>
    (world) => {
      const seen = recent(world.locks, pick)
      const claim = freshClaim(world, id)
      return seen && ((store) => store.takeOver({ ...claim, seen }))
    },
)

const heartbeat = fc.tuple(picks, fc.boolean()).map(
  ([pick, raised]): Call =>
    ({ leases, steps }) => {
      const lease = recent(leases, pick)
      const backend = { pid: steps, startedAt: 'then' }
      const beat = {
        revision: revision(`beat-${steps}`),
        at: at(steps),
        phase: 'APPLYING',
        raised,
        ...(raised && { backend }),
      }
      return lease && ((store) => store.heartbeat(lease, beat))
    },
)

const park = picks.map(
  (pick): Call =>
    ({ leases, steps }) => {
      const lease = recent(leases, pick)
      return lease && ((store) => store.park(lease, reportOf(pick, steps), parked(lease.run)))
    },
)

const yieldLease = picks.map(
  (pick): Call =>
    ({ leases, steps }) => {
      const lease = recent(leases, pick)
      return lease && ((store) => store.yieldLease(lease, reportOf(pick, steps), parked(lease.run)))
    },
)

const bundles = [sha256('v1'), sha256('v2')]

/** A bundle's success, or a rollback's: the latter stands for no bundle. */
function told(state: FinalRunState, pick: number) {
  const digest = bundles[pick % 2]
  if (digest === undefined || state !== 'SUCCEEDED') return {}
  return { standing: digest, ...(pick % 3 > 0 && { bundle: digest }) }
}

const askSucceeded = fc.constantFrom(...bundles).map(
  (bundle): Call =>
    ({ target }) =>
    (store) =>
      store.hasSucceeded(target, bundle),
)

const release = fc.tuple(picks, finalStates).map(
  ([pick, state]): Call =>
    ({ leases }) => {
      const lease = recent(leases, pick)
      return (
        lease &&
        ((store) => store.release(lease, endOf({ state, applied: 1, ...told(state, pick) }), finished(lease.run)))
      )
    },
)

const project = fc.tuple(runs, picks, fc.nat({ max: 3 })).map(
  ([id, pick, count]): Call =>
    ({ target, heads, steps }) => {
      const seen = recent(heads, pick)
      const keys = Array.from({ length: count }, (_, index) => ({ token: token(steps), n: index + 1 }))
      const receipts = keys.map((key) => receiptOf(id, (key.n % 2) + 1, { key }))
      const events = count === 0 ? [draftOf(id, { type: 'run.attached' })] : receipts.map(eventOf)
      return seen && ((store) => store.project({ target, seen, receipts, events }))
    },
)

/** Any call of any method, those of a lease most often; runs are seldom ended, since little can happen to them afterwards. */
export const calls: fc.Arbitrary<Call> = fc.oneof(
  { weight: 3, arbitrary: countStart },
  { weight: 2, arbitrary: returnStart },
  { weight: 1, arbitrary: countFault },
  { weight: 1, arbitrary: finishRun },
  { weight: 6, arbitrary: acquire },
  { weight: 1, arbitrary: acquireAgain },
  { weight: 4, arbitrary: attach },
  { weight: 4, arbitrary: takeOver },
  { weight: 5, arbitrary: heartbeat },
  { weight: 4, arbitrary: park },
  { weight: 3, arbitrary: yieldLease },
  { weight: 1, arbitrary: release },
  { weight: 1, arbitrary: askSucceeded },
  { weight: 4, arbitrary: project },
  { weight: 4, arbitrary: operatorCalls },
)

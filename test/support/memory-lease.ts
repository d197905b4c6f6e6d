import type { AuditDraft } from '../../functions/domain/audit.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import {
  isFinal,
  type Lease,
  type LockRecord,
  type RunEnd,
  type RunState,
  type SliceReport,
} from '../../functions/domain/records.ts'
import { laterBy, type Revision, revision, token, type WorkerId } from '../../functions/domain/types.ts'
import type { LeaseAttempt, LeaseClaim } from '../../functions/engine/control-store.ts'
import { append, change, mustHaveRun, type TargetRecords } from './memory-records.ts'

/** Grants a lease where LOCK, as the claim judged it, is acceptable. */
export function claimLease(records: TargetRecords, claim: LeaseClaim, acceptable: boolean): LeaseAttempt {
  const { target, run, worker, leaseMs, at } = claim
  const { lock } = records
  if (lock?.lockState === 'HELD' && lock.worker === worker) return { granted: true, lease: leaseOf(claim, lock) }
  if (!acceptable && lock === undefined) throw new LockstepError('LEASE_LOST', `the lock of ${target} is gone`)
  if (!acceptable && lock !== undefined) return { granted: false, holder: lock }
  const stored = mustHaveRun(records, run)
  if (isFinal(stored.record.state)) throw new LockstepError('LEASE_LOST', `run ${run} is over: ${stored.record.state}`)
  const { phase: _, migration: __, ...kept } = lock ?? { attachedOnce: false }
  const granted = token((lock?.token ?? 0) + 1)
  append(
    records,
    target,
    claim.events.map((event) => ({ ...event, token: granted })),
  )
  records.lock = {
    ...kept,
    target,
    lockState: 'HELD',
    token: granted,
    revision: claim.revision,
    leaseMs,
    ownerRun: run,
    worker,
    heartbeatAt: at,
    expiresHint: laterBy(at, leaseMs),
  }
  change(stored, { state: 'RUNNING', startedAt: stored.record.startedAt ?? at })
  return { granted: true, lease: leaseOf(claim, records.lock) }
}

const leaseOf = ({ target, run, worker, leaseMs }: LeaseClaim, lock: LockRecord): Lease => ({
  target,
  run,
  worker,
  token: lock.token,
  leaseMs,
  attachedOnce: lock.attachedOnce,
  ...(lock.raised !== undefined && { raised: lock.raised }),
})

/** A way to let go of a lease. */
export interface Leaving {
  readonly state: RunState
  readonly report?: SliceReport
  readonly end?: RunEnd
  readonly events: readonly AuditDraft[]
}

/** Lets go of a lease. */
export function leave(records: TargetRecords, lease: Lease, { state, report, events, end }: Leaving): 'done' | 'lost' {
  const { worker } = lease
  const lock = heldBy(records, lease)
  const stored = records.runs.get(lease.run)
  if (lock === undefined || stored === undefined || isFinal(stored.record.state)) {
    return stored?.left?.worker === worker && stored.left.state === state ? 'done' : 'lost'
  }
  append(records, lease.target, events)
  const left = { ...(state === 'PARKED' ? parked(lock) : freed(lock)), revision: leftAs(worker, state) }
  records.lock = { ...left, ...(end?.standing && { standing: end.standing }) }
  if (end?.state === 'SUCCEEDED' && end.bundle !== undefined) records.done.add(end.bundle)
  stored.left = { worker, state }
  const { detached: _, ...kept } = stored.record
  stored.record = { ...kept, state, ...report }
  return 'done'
}

const parked = (lock: LockRecord): LockRecord => ({ ...lock, lockState: 'PARKED' })

const freed = (lock: LockRecord): LockRecord => {
  const {
    ownerRun: _,
    worker: __,
    heartbeatAt: ___,
    expiresHint: ____,
    phase: _____,
    migration: ______,
    ...kept
  } = lock
  return { ...kept, lockState: 'FREE' }
}

const leftAs = (worker: WorkerId, state: RunState): Revision => revision(`${worker}.${state.toLowerCase()}`)

/** LOCK, if this lease is the one it was granted to. */
export const heldBy = ({ lock }: TargetRecords, lease: Lease): LockRecord | undefined =>
  lock?.lockState === 'HELD' && lock.worker === lease.worker && lock.token === lease.token ? lock : undefined

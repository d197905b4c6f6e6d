import { LockstepError } from '../domain/errors.ts'
import type { LockRecord } from '../domain/records.ts'
import { LeaseHeld } from './lease.ts'
import type { Act } from './operator-act.ts'

const longestPollMs = 1_000
/** What is left to do after the watching, and has to fit into the invocation. */
const reserveMs = 5_000

/**
 * Watches a lock until its holder was silent for a whole lease on this process's monotonic clock; with `force` it does not watch.
 *
 * @returns LOCK as it may be taken away: as it was seen, free, or frozen by another act
 * @throws LockstepError LEASE_HELD when heartbeats move, or when there is no time left to watch
 */
export async function waitForSilence(act: Act, first: LockRecord | undefined): Promise<LockRecord | undefined> {
  const { control, clock, request, deadline } = act
  if (!isHeld(first) || request.force) return first
  const startedMs = clock.monotonicMs()
  const pollMs = Math.min(first.leaseMs / 4, longestPollMs)
  while (clock.monotonicMs() - startedMs < first.leaseMs) {
    if (deadline.remainingMs() < pollMs + reserveMs) throw new LeaseHeld(first)
    await clock.sleep(pollMs)
    const lock = await control.readLock(request.target)
    if (lock?.revision === first.revision) continue
    if (!isHeld(lock)) return lock
    throw alive(lock)
  }
  return first
}

const isHeld = (lock: LockRecord | undefined): lock is LockRecord =>
  lock?.lockState === 'HELD' || lock?.lockState === 'PARKED'

const alive = (holder: LockRecord): LockstepError => {
  const { message } = new LeaseHeld(holder)
  return new LockstepError('LEASE_HELD', `${message}; its heartbeats move`, {
    hint: 'wait for the run, or take the lease from it with `lockstep unlock --force`',
  })
}

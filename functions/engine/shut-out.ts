import { asLockstepError, LockstepError } from '../domain/errors.ts'
import type { Backend, LockRecord } from '../domain/records.ts'
import { type Act, leaseOf } from './operator-act.ts'
import type { LockHolder, TargetSession } from './target-database.ts'

const pollMs = 200
/** An ended backend is gone within seconds; one that is not is told of. */
const mostTries = 25

/**
 * Raises the fence to the act's token, which waits an open transaction out: nobody with an older token commits after that. With
 * `force`, the backends that it would wait for in vain are ended.
 *
 * @returns the backends that were ended
 * @throws LockstepError LEASE_HELD when an older transaction outlasts the waiting, FENCE_REGRESSION
 */
export async function raiseAgainstOlder(
  act: Act,
  session: TargetSession,
  lock: LockRecord,
  raise: () => Promise<unknown> = () => raiseFence(act, session, lock),
): Promise<readonly Backend[]> {
  try {
    await raise()
    return []
  } catch (thrown) {
    const error = asLockstepError(thrown)
    if (error.code !== 'LEASE_HELD' || !act.request.force) throw error
    const ended = await endOlder(act, session, lock)
    await raise()
    return ended
  }
}

/**
 * Ends the backends of older runs of this target: the one that LOCK names, if pid *and* start time are those of a living one, and
 * whichever of ours holds the advisory lock. What runs outside of a transaction is stopped by nothing else.
 *
 * @throws LockstepError LEASE_HELD when one does not end
 */
export async function endOlder(act: Act, session: TargetSession, lock: LockRecord): Promise<readonly Backend[]> {
  const ended: Backend[] = []
  const end = async ({ pid, startedAt }: Backend): Promise<void> => {
    if (await session.terminate({ pid, startedAt })) ended.push({ pid, startedAt })
  }
  if (lock.backend !== undefined) await end(lock.backend)
  for (let tries = 1; ; tries++) {
    const tried = await session.tryLock()
    if (tried.granted || !isOlder(tried.holder, lock)) return ended
    if (tries > mostTries) throw notEnding(tried.holder)
    await end(tried.holder)
    await act.clock.sleep(pollMs)
  }
}

async function raiseFence(act: Act, session: TargetSession, lock: LockRecord): Promise<void> {
  const raise = await session.raiseFence(leaseOf(act, lock), !lock.attachedOnce)
  if (raise.kind === 'raised') return
  const found = raise.kind === 'higher' ? `stands at ${raise.token}` : 'is gone'
  throw new LockstepError('FENCE_REGRESSION', `the fence of ${lock.target} ${found}, expected less than ${lock.token}`)
}

/** Prisma's sessions and those of other targets are not ours to end. */
const isOlder = (holder: LockHolder | undefined, lock: LockRecord): holder is LockHolder =>
  holder?.token !== undefined && holder.token < lock.token

const notEnding = ({ applicationName, pid, state }: LockHolder): LockstepError =>
  new LockstepError('LEASE_HELD', `${applicationName} (pid ${pid}, ${state}) was told to end and did not`)

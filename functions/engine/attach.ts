import { refuseFenceBehind } from '../domain/drift.ts'
import { LockstepError } from '../domain/errors.ts'
import { listNames } from '../domain/names.ts'
import type { Lease } from '../domain/records.ts'
import type { Token } from '../domain/types.ts'
import type { LeaseKeeper } from './keep-lease.ts'
import type { RunContext } from './run-context.ts'
import type { FenceRaise, LockHolder, TargetSession } from './target-database.ts'

/** Between two tries of the advisory lock. */
const lockPollMs = 200
/** What a slice needs after waiting, to be worth starting. */
const reserveMs = 1_000

/** LEASE_HELD by what an older slice left running in the server; the run parks, and its next slice waits on. */
export class PredecessorAtWork extends LockstepError {
  constructor(holder: LockHolder) {
    super('LEASE_HELD', `${holder.applicationName} (pid ${holder.pid}) is still at work for an older slice`)
  }
}

export interface Attached extends AsyncDisposable {
  readonly session: TargetSession
  /** The fence's token before ours; null at the first attach. */
  readonly raisedFrom: Token | null
}

/**
 * Attaches to the target: session, advisory lock, schema, fence. From then on nobody with an older token can commit.
 *
 * @throws LockstepError LEASE_HELD when an older runner's backend is still at work; LEASE_LOST, FENCE_REGRESSION, TARGET_WRONG,
 *   DRIFT when the fence says that this is not the database, or not the lease, that LOCK knows; what the session throws
 */
export async function attach(context: RunContext, lease: Lease, keeper: LeaseKeeper): Promise<Attached> {
  const session = await context.database.connect(context.settings, lease.token)
  try {
    await waitForLock(context, lease, session)
    await session.ensureSchema()
    const raise = await session.raiseFence(lease, !lease.attachedOnce)
    const raisedFrom = await judgeRaise(context, lease, raise)
    keeper.note({ phase: 'ATTACHED', backend: session.backend, raised: true })
    await keeper.beat()
    return { session, raisedFrom, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() }
  } catch (error) {
    await session[Symbol.asyncDispose]()
    throw error
  }
}

/** Polls, never blocks in the server: a blocked waiter would deadlock the holder's concurrent index build. */
async function waitForLock(context: RunContext, lease: Lease, session: TargetSession): Promise<void> {
  const { clock, deadline, log } = context
  for (;;) {
    const tried = await session.tryLock()
    if (tried.granted) return
    const { holder } = tried
    if (holder !== undefined && isHungPredecessor(holder, lease.token)) {
      log.warn('ending the idle session of an older runner', { pid: holder.pid, token: holder.token })
      await session.terminate(holder)
    }
    if (deadline.remainingMs() < lockPollMs + reserveMs) {
      throw holder !== undefined && isOlder(holder, lease.token) ? new PredecessorAtWork(holder) : lockHeld(holder)
    }
    await clock.sleep(lockPollMs)
  }
}

/** A frozen environment that kept its connection would else block the target for ever; one that is active is waited for. */
const isHungPredecessor = (holder: LockHolder, token: Token): boolean =>
  isOlder(holder, token) && holder.state !== 'active'

const isOlder = (holder: LockHolder, token: Token): boolean => holder.token !== undefined && holder.token < token

const lockHeld = (holder: LockHolder | undefined): LockstepError => {
  const who =
    holder === undefined
      ? 'another session'
      : `${holder.applicationName || 'backend'} (pid ${holder.pid}, ${holder.state})`
  return new LockstepError('LEASE_HELD', `the database's advisory lock is held by ${who}`)
}

async function judgeRaise(context: RunContext, lease: Lease, raise: FenceRaise): Promise<Token | null> {
  if (raise.kind === 'raised') {
    refuseFenceBehind(raise.from, lease.raised)
    return raise.from
  }
  const lock = await context.control.readLock(lease.target)
  if (lock === undefined || lock.token > lease.token) {
    throw new LockstepError(
      'LEASE_LOST',
      `token ${lease.token} of ${lease.target} was overtaken by ${lock?.token ?? 'a reset'}`,
    )
  }
  if (raise.kind === 'higher') {
    const message = `the database's fence stands at ${raise.token}, expected less than the lease's token ${lease.token}`
    throw new LockstepError('FENCE_REGRESSION', message)
  }
  if (raise.others.length > 0) {
    throw new LockstepError(
      'TARGET_WRONG',
      `this database belongs to ${listNames(raise.others)}, expected ${lease.target}`,
    )
  }
  throw new LockstepError('DRIFT', `the database has no fence for ${lease.target}, although it was migrated before`)
}

import type { Admission } from '../domain/admission.ts'
import type { Json } from '../domain/audit.ts'
import { LockstepError } from '../domain/errors.ts'
import type { Lease, LockRecord } from '../domain/records.ts'
import type { LeaseAttempt, LeaseClaim } from './control-store.ts'
import { draft, type RunContext } from './run-context.ts'

/** A waiter stays for one and a half leases: long enough to see a dead holder's lease run out. */
const patience = 1.5
/** A waiter looks again after at most this long, so that short runs follow one another closely. */
const longestPollMs = 1_000
/** What a slice needs after waiting, to be worth starting. */
const reserveMs = 1_000

/**
 * Obtains the lease of the run's target: acquires a free one, attaches to the run's own parked one, or takes over one whose
 * holder was not heard of for a whole lease on this process's monotonic clock.
 *
 * ```
 * holder   beat──────beat──✗ (died)
 * waiter        look·········look (same revision)·······look (a lease later: same revision → take over)
 * ```
 *
 * @throws LockstepError LEASE_HELD when the wait ran out, TARGET_FROZEN
 */
export async function obtainLease(context: RunContext): Promise<Lease> {
  const { control, clock, request, deadline } = context
  const watch = watchRevision(clock.monotonicMs)
  const startedMs = clock.monotonicMs()
  if (deadline.remainingMs() < context.settings.leaseMs + reserveMs) {
    context.log.warn('the slice is too short to watch a dead holder for a whole lease', {
      leaseMs: context.settings.leaseMs,
    })
  }
  for (;;) {
    const lock = await control.readLock(request.target)
    const attempt = await attemptLease(context, lock, watch)
    if (attempt.granted) {
      if (context.run.startedAt === undefined) noteWait(context)
      return attempt.lease
    }
    const { holder } = attempt
    if (holder.lockState === 'FROZEN' || holder.lockState === 'FREEZING') throw frozen(holder)
    const waitedMs = clock.monotonicMs() - startedMs
    const pollMs = Math.min(holder.leaseMs / 4, longestPollMs) * (0.5 + context.random.fraction() / 2)
    if (waitedMs > holder.leaseMs * patience || deadline.remainingMs() < pollMs + reserveMs) {
      noteWait(context)
      throw new LeaseHeld(holder)
    }
    await clock.sleep(pollMs)
  }
}

/** The run was made on another machine: a wrong clock makes a wrong figure, and decides nothing. */
const noteWait = ({ observe, request, run, clock }: RunContext): void =>
  observe(request.target, 'lease-waited', Math.max(0, Date.parse(clock.now()) - Date.parse(run.createdAt)))

/** LEASE_HELD with the holder, so that the answer can name it. */
export class LeaseHeld extends LockstepError {
  readonly holder: LockRecord

  constructor(holder: LockRecord) {
    const since = holder.heartbeatAt === undefined ? '' : `, last heard of at ${holder.heartbeatAt}`
    const doing = holder.phase === undefined ? '' : ` (${[holder.phase, holder.migration].filter(Boolean).join(' ')})`
    super('LEASE_HELD', `${holder.target} is held by run ${holder.ownerRun ?? 'unknown'}${doing}${since}`)
    this.holder = holder
  }
}

/** TARGET_FROZEN, by whom and why; a freeze that was not finished is finished by running the same command again. */
export const frozen = (holder: LockRecord): LockstepError => {
  const { target, lockState, heartbeatAt = 'an unknown time', reason } = holder
  const why = reason === undefined ? '' : ` (${reason})`
  const hint =
    lockState === 'FREEZING' ? 'an unlock was not finished; run `lockstep unlock` for this target again' : undefined
  const message = `${target} is ${lockState.toLowerCase()} since ${heartbeatAt}${why}`
  return new LockstepError('TARGET_FROZEN', message, hint === undefined ? {} : { hint })
}

interface RevisionWatch {
  /** For how long this revision has been the one seen, in ms of the observer's own clock. */
  seenForMs(lock: LockRecord): number
}

/** No absolute time of another machine decides anything: only how long we saw the same revision. */
function watchRevision(monotonicMs: () => number): RevisionWatch {
  let revision: string | undefined
  let sinceMs = 0
  return {
    seenForMs(lock) {
      if (lock.revision !== revision) {
        revision = lock.revision
        sinceMs = monotonicMs()
      }
      return monotonicMs() - sinceMs
    },
  }
}

async function attemptLease(
  context: RunContext,
  lock: LockRecord | undefined,
  watch: RevisionWatch,
): Promise<LeaseAttempt> {
  const { control, request } = context
  if (lock === undefined || lock.lockState === 'FREE') return control.acquire(claim(context, 'run.started'))
  if (lock.lockState === 'PARKED' && lock.ownerRun === request.run) return control.attach(claim(context, 'run.resumed'))
  const mayTakeOver = lock.lockState === 'HELD' || lock.lockState === 'PARKED'
  if (!mayTakeOver || watch.seenForMs(lock) < lock.leaseMs) return { granted: false, holder: lock }
  const seen = { token: lock.token, revision: lock.revision }
  context.log.warn('taking over a lease', { from: lock.ownerRun, token: lock.token })
  return control.takeOver({ ...claim(context, 'run.took-over', lock), seen })
}

function claim(
  context: RunContext,
  type: 'run.started' | 'run.resumed' | 'run.took-over',
  from?: LockRecord,
): LeaseClaim {
  const { request, settings, random, clock, admission } = context
  const left = from === undefined ? {} : { from: from.ownerRun ?? null, fromToken: from.token }
  return {
    target: request.target,
    run: request.run,
    worker: random.workerId(),
    revision: random.revision(),
    leaseMs: settings.leaseMs,
    at: clock.now(),
    events: [draft(context, type, { ...left, ...signedBy(admission) })],
  }
}

/** Who answers for the bundle, by the name that the target's settings give the key. */
const signedBy = (admission: Admission | undefined): { readonly [key: string]: Json } =>
  admission === undefined ? {} : { signer: admission.signer.id, key: admission.statement.key }

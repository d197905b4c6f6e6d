import { asLockstepError, LockstepError } from '../domain/errors.ts'
import type { Backend, Lease } from '../domain/records.ts'
import type { MigrationName } from '../domain/types.ts'
import type { RunContext } from './run-context.ts'

/** Past this share of a lease without a successful heartbeat nothing new is started. */
const freshShare = 0.75

/** Keeps a lease alive by heartbeats in the background, and knows how fresh it is. */
export interface LeaseKeeper extends AsyncDisposable {
  /** Resolves when a heartbeat was refused: the lease is someone else's. Never rejects. */
  readonly lost: Promise<void>
  /** Says what the holder is doing; the next heartbeat carries it. */
  note(doing: Doing): void
  /** Sends a heartbeat now; the first after the fence's raise tells LOCK of it. */
  beat(): Promise<void>
  /**
   * Passes while a new step may start.
   *
   * @throws LockstepError LEASE_LOST when a heartbeat was refused, AWS_UNREACHABLE when none got through for too long
   */
  mustBeFresh(): void
}

export interface Doing {
  readonly phase?: string
  readonly migration?: MigrationName
  readonly backend?: Backend
  readonly raised?: boolean
}

/** Starts the heartbeats of a lease; disposing of the keeper ends them. */
export function keepLease(context: RunContext, lease: Lease): LeaseKeeper {
  const { clock, control, random, settings } = context
  const ended = new AbortController()
  let doing: Doing & { readonly phase: string } = { phase: 'ATTACHING' }
  let lastKeptMs = clock.monotonicMs()
  let isLost = false
  const { promise: lost, resolve: lose } = Promise.withResolvers<void>()

  const beat = async (): Promise<void> => {
    const sentMs = clock.monotonicMs()
    const { raised = false, ...rest } = doing
    const answer = await control.heartbeat(lease, { ...rest, raised, revision: random.revision(), at: clock.now() })
    if (answer === 'kept') lastKeptMs = sentMs
    if (answer === 'kept') return
    isLost = true
    lose()
  }

  const loop = async (): Promise<void> => {
    while (!ended.signal.aborted && !isLost) {
      await clock.sleep(settings.heartbeatMs, ended.signal)
      if (ended.signal.aborted) return
      await beat().catch((error) => {
        context.log.warn('heartbeat failed', { error: asLockstepError(error).message })
        context.observe(lease.target, 'heartbeat-failed', 1)
      })
    }
  }

  const beating = loop()
  return {
    lost,
    note(next) {
      doing = { ...doing, ...next }
    },
    beat,
    mustBeFresh() {
      if (isLost) throw new LockstepError('LEASE_LOST', `token ${lease.token} of ${lease.target} was overtaken`)
      const silentMs = clock.monotonicMs() - lastKeptMs
      if (silentMs < lease.leaseMs * freshShare) return
      throw new LockstepError('AWS_UNREACHABLE', `no heartbeat got through for ${silentMs} ms, nothing new is started`)
    },
    async [Symbol.asyncDispose]() {
      ended.abort()
      await beating
    },
  }
}

import { asLockstepError } from '../domain/errors.ts'
import type { RunId, TargetName } from '../domain/types.ts'
import type { Clock, Log } from './system.ts'

/** One received message: the handle that its receive gave, and its body for a copy. */
export interface MessageHandle {
  readonly receipt: string
  readonly body: string
}

/** The bundle queue, as its front sees it. */
export interface Queue {
  /**
   * Sets in how many seconds the message is visible again.
   *
   * A message that is not in flight any more is only logged: it will come, or has come, again by itself.
   */
  setVisibility(message: MessageHandle, seconds: number): Promise<void>
  copyToDeadLetters(message: MessageHandle): Promise<void>
}

/** The same queue, for whoever has a run that no upload tells of. */
export interface RunQueue {
  /** Puts a run that is in the control table into the queue; once more does no harm. */
  enqueue(target: TargetName, run: RunId): Promise<void>
}

/** About two leases: a front that dies costs no more than that. */
const visibleAgainSeconds = 60
const extendEveryMs = 20_000

/** Keeps a message out of sight while it is worked on. */
export interface Invisibility extends AsyncDisposable {
  /** Makes the message visible again in so many seconds, in place of extending it. */
  returnIn(seconds: number): Promise<void>
}

/** Shortens the message's visibility to about two leases, and extends it until disposed of. */
export async function keepInvisible(
  { queue, clock, log }: { readonly queue: Queue; readonly clock: Clock; readonly log: Log },
  message: MessageHandle,
): Promise<Invisibility> {
  await queue.setVisibility(message, visibleAgainSeconds)
  const ended = new AbortController()
  const extend = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(extendEveryMs, ended.signal)
      if (ended.signal.aborted) return
      await queue.setVisibility(message, visibleAgainSeconds).catch((thrown: unknown) => {
        log.warn('visibility not extended', { error: asLockstepError(thrown).message })
      })
    }
  }
  const extending = extend()
  const stop = async (): Promise<void> => {
    ended.abort()
    await extending
  }
  return {
    async returnIn(seconds) {
      await stop()
      await queue.setVisibility(message, seconds)
    },
    [Symbol.asyncDispose]: stop,
  }
}

import type { Clock, Random } from '../engine/system.ts'
import { asControlError, natureOf } from './dynamodb-errors.ts'

/** Heartbeats and transitions meet on one item for milliseconds; whoever loses this often has another problem. */
const mostConflicts = 30
const conflictPauseMs = 5
const longestConflictPauseMs = 80
/** On top of the client's own attempts, which are quicker. */
const mostFaults = 4
const faultPauseMs = 100
const longestFaultPauseMs = 2_000

export interface PatiencePorts {
  readonly clock: Pick<Clock, 'sleep'>
  readonly random: Pick<Random, 'fraction'>
}

/**
 * Repeats a request until it is answered: after a conflict at once, after throttling or a fault with growing pauses; both bounded,
 * both with full jitter ("Exponential Backoff and Jitter", AWS Architecture Blog).
 *
 * @throws LockstepError AWS_UNREACHABLE, AWS_DENIED, or INTERNAL for a malformed request
 */
export type Patiently = <T>(table: string, send: () => Promise<T>) => Promise<T>

export function makePatience({ clock, random }: PatiencePorts): Patiently {
  const pause = (count: number, firstMs: number, longestMs: number): Promise<void> =>
    clock.sleep(random.fraction() * Math.min(longestMs, firstMs * 2 ** count))

  return async (table, send) => {
    let conflicts = 0
    let faults = 0
    for (;;) {
      try {
        return await send()
      } catch (error) {
        const nature = natureOf(error)
        if (nature === 'conflict') conflicts++
        if (nature === 'transient') faults++
        const hopeless =
          nature === 'final' || nature === 'refused' || conflicts >= mostConflicts || faults >= mostFaults
        if (hopeless) throw asControlError(error, table)
        if (nature === 'conflict') await pause(conflicts, conflictPauseMs, longestConflictPauseMs)
        else await pause(faults, faultPauseMs, longestFaultPauseMs)
      }
    }
  }
}

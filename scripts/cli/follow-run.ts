import type { AuditEvent } from '../../functions/domain/audit.ts'
import { emptyChain } from '../../functions/domain/audit-chain.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import { isFinal, type LockRecord, type RunRecord } from '../../functions/domain/records.ts'
import type { RunId, TargetName } from '../../functions/domain/types.ts'
import type { StatusAnswer } from '../../functions/engine/status.ts'
import type { Clock } from '../../functions/engine/system.ts'
import type { AskStatus } from './ports.ts'
import { formatDuration } from './units.ts'

/** What one look at a run saw; `run` is absent until its upload was noticed. */
export interface Sighting {
  readonly run?: RunRecord
  readonly lock: LockRecord | null
  /** The run's own audit events since the look before. */
  readonly events: readonly AuditEvent[]
}

export interface FollowOptions {
  readonly target: TargetName
  readonly run: RunId
  /** Audit events up to this seq are older than the run. */
  readonly eventsAfter: number
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly clock: Clock
}

const quickPauseMs = 120
const longestPauseMs = 2_000
const pauseGrowth = 1.4
/** Looks that may fail in a row before we stop looking; the run itself does not notice. */
const failedLooks = 5

/**
 * Watches a run until it is over, asking often while something happens and seldom while nothing does.
 *
 * The last sighting has the run in its final state, and all of its events were seen by then.
 *
 * @throws LockstepError WAIT_TIMED_OUT, INTERRUPTED, AWS_UNREACHABLE, AWS_DENIED; none of them stops the run
 */
export async function* followRun(ask: AskStatus, options: FollowOptions): AsyncGenerator<Sighting, void> {
  const { run, signal, timeoutMs, clock } = options
  const giveUpAt = clock.monotonicMs() + timeoutMs
  let after = options.eventsAfter
  let pauseMs = quickPauseMs
  let over = false
  for (;;) {
    const answer = await look(ask, options, after)
    const sighting = sightingOf(answer, run)
    // Lock, run and events are read side by side: events may have been read just before the run's last ones were written.
    if (over && answer.events.length === 0) return
    over = sighting.run !== undefined && isFinal(sighting.run.state)
    after = answer.events.at(-1)?.seq ?? after
    yield sighting

    if (over || answer.events.length > 0) pauseMs = quickPauseMs
    if (over) continue
    if (clock.monotonicMs() >= giveUpAt) throw timedOut(options, sighting)
    await clock.sleep(pauseMs, signal)
    if (signal.aborted) throw interrupted(options)
    pauseMs = Math.min(pauseMs * pauseGrowth, longestPauseMs)
  }
}

const sightingOf = ({ runs, lock, events }: StatusAnswer, id: RunId): Sighting => {
  const run = runs.find((candidate) => candidate.id === id)
  return { lock, events: events.filter((event) => event.run === id), ...(run && { run }) }
}

/** Asks once, and again when the cloud does not answer; a target that nobody has met yet has nothing to say. */
const look = async (ask: AskStatus, options: FollowOptions, after: number): Promise<StatusAnswer> => {
  const { target, run, signal, clock } = options
  for (let failed = 1; ; failed += 1) {
    try {
      return await ask({ target, run, eventsAfter: after })
    } catch (thrown) {
      if (signal.aborted) throw interrupted(options)
      if (!(thrown instanceof LockstepError)) throw thrown
      if (thrown.code === 'TARGET_UNKNOWN') return nothingYet(target)
      if (thrown.code !== 'AWS_UNREACHABLE' || failed === failedLooks) throw stillRunning(thrown, options)
      await clock.sleep(quickPauseMs * 2 ** failed, signal)
    }
  }
}

const nothingYet = (target: TargetName): StatusAnswer => ({
  target,
  lock: null,
  runs: [],
  chain: emptyChain,
  events: [],
  ledger: [],
})

/** The command that shows a run later. */
export const followCommand = ({ target, run }: { readonly target: TargetName; readonly run: RunId }): string =>
  `lockstep status --target ${target} --run ${run}`

const goesOn = (options: FollowOptions): string => `the run goes on; follow it with \`${followCommand(options)}\``

const interrupted = (options: FollowOptions): LockstepError =>
  new LockstepError('INTERRUPTED', `stopped waiting for run ${options.run}`, { hint: goesOn(options) })

const stillRunning = (error: LockstepError, options: FollowOptions): LockstepError =>
  new LockstepError(error.code, `run ${options.run} can't be watched: ${error.message}`, {
    hint: `${error.hint}; ${goesOn(options)}`,
    cause: error,
  })

const timedOut = (options: FollowOptions, sighting: Sighting): LockstepError => {
  const waited = formatDuration(options.timeoutMs)
  return new LockstepError('WAIT_TIMED_OUT', `run ${options.run} ${standing(options, sighting)} after ${waited}`, {
    hint: goesOn(options),
  })
}

const standing = ({ run }: FollowOptions, sighting: Sighting): string => {
  const holder = sighting.lock?.ownerRun
  if (sighting.run === undefined) return 'was taken from the queue by nobody'
  if (holder !== undefined && holder !== run) return `waits for the lease of run ${holder}`
  return `was ${sighting.run.state}`
}

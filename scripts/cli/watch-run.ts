import { type Failure, LockstepError, toFailure } from '../../functions/domain/errors.ts'
import type { RunRecord } from '../../functions/domain/records.ts'
import type { MigrationName } from '../../functions/domain/types.ts'
import { type FollowOptions, followRun } from './follow-run.ts'
import type { Output } from './output.ts'
import type { AskStatus } from './ports.ts'
import { openRunDisplay, type ShownStep } from './run-display.ts'

/** What was seen of a run, up to its end or until the watching ended. */
export interface WatchedRun {
  readonly run?: RunRecord
  readonly steps: readonly ShownStep[]
  /** Why the run did not succeed, or why it was not watched to its end. */
  readonly failure?: Failure
}

export interface WatchOptions extends FollowOptions {
  readonly output: Output
  /** The names of the bundle's migrations: they decide the columns. */
  readonly names: readonly MigrationName[]
}

/** Shows a run until it is over; what goes wrong while watching is part of the answer, since the steps seen by then are too. */
export async function watchRun(ask: AskStatus, options: WatchOptions): Promise<WatchedRun> {
  using display = openRunDisplay(options.output, options.run, options.names)
  let run: RunRecord | undefined
  try {
    for await (const sighting of followRun(ask, options)) {
      run = sighting.run ?? run
      display.show(sighting)
    }
  } catch (thrown) {
    return { ...(run && { run }), steps: display.steps, failure: toFailure(thrown) }
  }
  const failure = run === undefined ? undefined : failureOf(run)
  return { ...(run && { run }), steps: display.steps, ...(failure && { failure }) }
}

/** Why a run did not succeed, undefined when it did or is not over. */
export function failureOf(run: RunRecord): Failure | undefined {
  if (run.failure !== undefined) return run.failure
  if (run.state === 'CRASHED') return toFailure(new LockstepError('RUN_CRASHED', `the runner of ${run.id} died`))
  if (run.state === 'EXPIRED') return toFailure(new LockstepError('RUN_EXPIRED', `run ${run.id} waited too long`))
  return undefined
}

import type { Failure } from '../domain/errors.ts'
import type { Actor, BundleObject, FinalRunState, LockRecord } from '../domain/records.ts'
import type { RunId, TargetName } from '../domain/types.ts'

/** What a front asks of the runner: to bring one run forward. */
export interface RunnerRequest {
  readonly action: 'apply'
  readonly target: TargetName
  readonly run: RunId
  readonly object: BundleObject
  readonly actor: Actor
  /** How long the front can wait for the answer, in milliseconds; the slice has to be over by then. */
  readonly budgetMs: number
}

/**
 * What became of a run in one slice. The front turns it into the message's fate.
 *
 * - `done`: the run is over, and its end is recorded
 * - `more`: the slice is over and the run is parked; go on at once
 * - `held`: another run holds the lease; come back later
 * - `unreachable`: the database or AWS did not answer; nothing is half-written; come back later
 */
export type RunnerAnswer =
  | { readonly kind: 'done'; readonly state: FinalRunState; readonly applied: number; readonly failure?: Failure }
  | { readonly kind: 'more' }
  | { readonly kind: 'held'; readonly holder: LockRecord }
  | { readonly kind: 'unreachable'; readonly failure: Failure }

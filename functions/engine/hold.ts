import type { Lease, RunEnd } from '../domain/records.ts'
import type { Sha256 } from '../domain/types.ts'
import type { SliceEnd } from './apply.ts'
import { keepLease, type LeaseKeeper } from './keep-lease.ts'
import { draft, type RunContext } from './run-context.ts'
import type { RunnerAnswer } from './runner-contract.ts'
import { answerHeld, finished, judge } from './verdict.ts'

/** A slice that holds the lease. */
export interface Held {
  readonly context: RunContext
  readonly lease: Lease
  readonly keeper: LeaseKeeper
}

/** Does the work under the lease, and lets the lease go in the way that the work's end asks for. */
export async function holdLease(
  context: RunContext,
  lease: Lease,
  work: (held: Held) => Promise<SliceEnd>,
  bundle: Sha256,
): Promise<RunnerAnswer> {
  let end: SliceEnd | { readonly kind: 'thrown'; readonly thrown: unknown }
  {
    await using keeper = keepLease(context, lease)
    end = await work({ context, lease, keeper }).catch((thrown: unknown) => ({ kind: 'thrown' as const, thrown }))
  }
  if (end.kind === 'parked') return park(context, lease)
  if (end.kind === 'over') {
    const { failure, applied, notices } = end
    const state = failure === undefined ? 'SUCCEEDED' : 'FAILED'
    return release(context, lease, { state, applied, notices, bundle, ...(failure && { failure }) })
  }
  const verdict = await judge(context, end.thrown)
  if (verdict.kind === 'end') return release(context, lease, { ...verdict.end, bundle })
  await context.control.yieldLease(lease, [draft(context, 'run.parked', { because: verdict.because })])
  return verdict.answer
}

async function park(context: RunContext, lease: Lease): Promise<RunnerAnswer> {
  const parked = await context.control.park(lease, [draft(context, 'run.parked', { because: 'SLICE_OVER' })])
  return parked === 'done' ? { kind: 'more' } : answerHeld(context)
}

async function release(context: RunContext, lease: Lease, end: RunEnd): Promise<RunnerAnswer> {
  const event = { ...draft(context, 'run.finished', finished(end)), token: lease.token }
  const released = await context.control.release(lease, end, [event])
  if (released === 'lost') return answerHeld(context)
  return { kind: 'done', state: end.state, applied: end.applied, ...(end.failure && { failure: end.failure }) }
}

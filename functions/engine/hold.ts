import { asLockstepError } from '../domain/errors.ts'
import type { Lease, RunEnd, RunRecord, SliceReport } from '../domain/records.ts'
import type { Sha256 } from '../domain/types.ts'
import type { SliceEnd } from './apply.ts'
import { PredecessorAtWork } from './attach.ts'
import { keepLease, type LeaseKeeper } from './keep-lease.ts'
import { draft, type RunContext } from './run-context.ts'
import type { RunnerAnswer } from './runner-contract.ts'
import { answerHeld, finished, judge } from './verdict.ts'

/** A slice that holds the lease. */
export interface Held {
  readonly context: RunContext
  readonly lease: Lease
  readonly keeper: LeaseKeeper
  /** What the slice has to tell so far; whoever commits a step keeps it true. */
  report: SliceReport
}

type Ending = SliceEnd | { readonly kind: 'thrown'; readonly thrown: unknown }

/** Does the work under the lease, and lets the lease go in the way that the work's end asks for. */
export async function holdLease(
  context: RunContext,
  lease: Lease,
  work: (held: Held) => Promise<SliceEnd>,
  bundle?: Sha256,
): Promise<RunnerAnswer> {
  const { applied, detached } = context.run
  const from = bundle === undefined ? {} : { bundle }
  let report: SliceReport = { applied, ...(detached && { detached }) }
  let ending: Ending
  {
    await using keeper = keepLease(context, lease)
    const held: Held = { context, lease, keeper, report }
    ending = await work(held).catch(async (thrown: unknown) => ({
      kind: 'thrown' as const,
      thrown: await causeOf(held, thrown),
    }))
    report = held.report
  }
  if (ending.kind === 'parked') return park(context, lease, report)
  if (ending.kind === 'over') {
    const { failure, notices } = ending
    const state = failure === undefined ? 'SUCCEEDED' : 'FAILED'
    return release(context, lease, { state, applied: report.applied, notices, ...from, ...(failure && { failure }) })
  }
  if (ending.thrown instanceof PredecessorAtWork) return park(context, lease, report)
  const verdict = await judge(context, ending.thrown)
  if (verdict.kind === 'end') return release(context, lease, { ...verdict.end, applied: report.applied, ...from })
  await context.control.yieldLease(lease, report, [draft(context, 'run.parked', { because: verdict.because })])
  return verdict.answer
}

/** After a rollback, even half of one, the target stands at that rollback, so that nothing signed before it is the newest any more. */
const standingAfter = ({ work }: RunRecord, { state, applied, bundle }: RunEnd): Sha256 | undefined => {
  if (work.kind === 'rollback') return state === 'SUCCEEDED' || applied > 0 ? work.plan : undefined
  return state === 'SUCCEEDED' ? bundle : undefined
}

/** A successor ends its predecessor's session, which then looks like a fault of the database: LOCK tells which it was. */
async function causeOf({ keeper }: Held, thrown: unknown): Promise<unknown> {
  if (asLockstepError(thrown).kind !== 'unreachable') return thrown
  try {
    await keeper.beat()
    keeper.mustBeFresh()
    return thrown
  } catch (cause) {
    return asLockstepError(cause).code === 'LEASE_LOST' ? cause : thrown
  }
}

async function park(context: RunContext, lease: Lease, report: SliceReport): Promise<RunnerAnswer> {
  const event = draft(context, 'run.parked', { because: 'SLICE_OVER', left: report.detached?.migration })
  const parked = await context.control.park(lease, report, [{ ...event, token: lease.token }])
  return parked === 'done' ? { kind: 'more' } : answerHeld(context)
}

async function release(context: RunContext, lease: Lease, end: RunEnd): Promise<RunnerAnswer> {
  const event = { ...draft(context, 'run.finished', finished(end)), token: lease.token }
  const standing = standingAfter(context.run, end)
  const released = await context.control.release(lease, { ...end, ...(standing && { standing }) }, [event])
  if (released === 'lost') return answerHeld(context)
  return { kind: 'done', state: end.state, applied: end.applied, ...(end.failure && { failure: end.failure }) }
}

import { LockstepError, toFailure } from '../domain/errors.ts'
import type { Receipt } from '../domain/receipt.ts'
import type { DetachedStep } from '../domain/records.ts'
import { resumePoint } from '../domain/resume.ts'
import type { Held } from './hold.ts'
import type { Projector } from './project.ts'
import { draft } from './run-context.ts'
import { type ReachedUnit, runStep, type Step } from './step.ts'

/** A slice lets go of a step this long before its end: enough to copy receipts, park and answer. */
const leaveReserveMs = 2_000
/** A slice that is short as a whole keeps this share of its budget instead. */
const leaveReserveShare = 0.25
/** A step that was left this often and has no receipt was rolled back each time: it will never fit. */
const mostLeft = 2

export interface WatchedStep extends Omit<Step, 'reached' | 'retried'> {
  readonly projector: Projector
}

/** What is left of a slice for steps, in ms. */
export const roomMs = ({ context }: Held): number =>
  context.deadline.remainingMs() - Math.min(leaveReserveMs, context.request.budgetMs * leaveReserveShare)

/**
 * Runs a step until it ends, the slice is over, or the lease is lost.
 *
 * At the slice's end the step is *left*: the socket is destroyed without a goodbye, the server works on, and a later slice waits for
 * the advisory lock and reads the receipt or the catalog. A deadline that cancelled would kill a long index build in every slice.
 * A lost lease cancels what a rollback undoes; what runs outside of a transaction is left, since the successor waits for it.
 *
 * @returns the receipt, or `left`
 * @throws LockstepError LEASE_LOST, and what `runStep` throws
 */
export async function runWatched(held: Held, step: WatchedStep): Promise<Receipt | 'left'> {
  const { session, order, projector, progress } = step
  const { context, keeper, lease } = held
  const before = leftBefore(held, step)
  if (before !== undefined && before.times >= mostLeft && !(await endedSince(step)))
    return session.recordFailure({ ...order, attempt: 1 }, tooLong(before))

  let running: ReachedUnit | undefined
  const work = runStep(context, {
    session,
    order,
    progress,
    reached: (unit) => {
      running = unit
    },
    retried: (attempt, failure) => {
      const data = { migration: order.source.migration.name, attempt, code: failure.code, sqlState: failure.sqlState }
      projector.tell({ ...draft(context, 'migration.retried', data), token: lease.token })
    },
  })
  const ended = new AbortController()
  const sliceOver = context.clock.sleep(Math.max(0, roomMs(held)), ended.signal).then(() => 'left' as const)
  const leaseLost = keeper.lost.then(() => 'lost' as const)
  try {
    const first = await Promise.race([work, sliceOver, leaseLost])
    if (first !== 'left' && first !== 'lost') return first
    if (first === 'left' || running?.kind === 'alone') session.leave()
    else await session.interrupt().catch(() => session.leave())
    await work.catch(() => undefined)
    if (first === 'lost') throw new LockstepError('LEASE_LOST', `token ${lease.token} of ${lease.target} was overtaken`)
    const left = { migration: order.source.migration.name, unit: running?.index ?? 0 }
    const again = before?.unit === left.unit ? before.times : 0
    held.report = { ...held.report, detached: { ...left, times: again + 1 } }
    return 'left'
  } finally {
    ended.abort()
  }
}

/** The run's detached step, if it is this one and has come no further since. */
function leftBefore({ context }: Held, { order, progress }: WatchedStep): DetachedStep | undefined {
  const { detached } = context.run
  if (detached?.migration !== order.source.migration.name) return undefined
  return resumePoint(order.source, progress).unit > detached.unit ? undefined : detached
}

/** A statement that was left and ended well since left its mark behind: only the catalog knows of it. */
async function endedSince({ session, order, progress }: WatchedStep): Promise<boolean> {
  const { body } = order.source
  const { unit: index, interrupted } = resumePoint(order.source, progress)
  const unit = interrupted && body.kind === 'units' ? body.units[index] : undefined
  return unit !== undefined && (await session.examineUnit({ ...order, attempt: 1 }, unit)) === 'done'
}

const tooLong = ({ migration, times }: DetachedStep) =>
  toFailure(
    new LockstepError('STEP_TOO_LONG', `${migration} did not finish in a whole slice, ${times} times`, { migration }),
  )

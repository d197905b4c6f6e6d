import { compileDown } from '../domain/compile-step.ts'
import { LockstepError } from '../domain/errors.ts'
import { type DownPlan, planDown, revertAbove } from '../domain/plan-down.ts'
import { compareReceiptKeys } from '../domain/receipt.ts'
import { isFinal, type RollbackWork } from '../domain/records.ts'
import { planChanged, planStale, type RollbackPlan } from '../domain/rollback-plan.ts'
import type { TargetState } from '../domain/target-state.ts'
import type { PlannedWork, Planner } from './apply.ts'
import { openKnownDatabase } from './known-database.ts'
import { priceRollback } from './price-rollback.ts'
import { receiptAt } from './receipt-at.ts'
import type { RunContext, RunnerPorts } from './run-context.ts'
import type { PlanRollbackRequest } from './runner-contract.ts'
import type { TargetSession } from './target-database.ts'

/** A rollback is looked for among so many of the newest runs; one that is older makes no two plans look alike. */
const runsLookedAt = 100

/**
 * Plans a rollback and prices it, without a lease: it reads the database, and changes nothing.
 *
 * @throws LockstepError TARGET_UNKNOWN, DRIFT, TARGET_WRONG; what `planDown` refuses; what the database says when it does not answer
 */
export async function planRollback(ports: RunnerPorts, request: PlanRollbackRequest): Promise<RollbackPlan> {
  await using known = await openKnownDatabase(ports, request.target)
  if (known.isNew) throw new LockstepError('ROLLBACK_NOTHING', 'nothing to roll back: the target was never migrated')
  const { session } = known
  const state = await session.readState()
  return await makeRollbackPlan(ports, {
    ...request,
    session,
    state,
    plan: planDown(request.wish, state, await session.appliedAfter(null)),
  })
}

/**
 * Makes the planner of a confirmed rollback: what of it is still to be done. Before its first step the plan is made again, and must be
 * the one that was confirmed; later it is enough that nobody else wrote a receipt since.
 *
 * @throws LockstepError PLAN_STALE, HALF_APPLIED
 */
export function rollbackPlanner(context: RunContext, work: RollbackWork): Planner {
  return async (state, session) => {
    if (await isBegun(context, work, { state, session }))
      return toWork(context, revertAbove(work.floor, state, await session.appliedAfter(work.floor)))
    const { target } = context.request
    const plan = planDown(work.wish, state, await session.appliedAfter(null))
    const { digest } = await makeRollbackPlan(context, { target, wish: work.wish, session, state, plan })
    if (digest !== work.plan) throw planChanged(work.plan, digest)
    return toWork(context, plan.steps)
  }
}

interface Reading {
  readonly session: TargetSession
  readonly state: TargetState
}

/** Whether a step of this run was committed, or half of one. */
async function isBegun({ run }: RunContext, { head }: RollbackWork, { state, session }: Reading): Promise<boolean> {
  if (state.head === null) throw planStale('the target has no receipts')
  if (compareReceiptKeys(state.head, head) === 0) {
    return run.startedAt !== undefined && state.progress.some(({ direction }) => direction === 'down')
  }
  const newest = await receiptAt(session, state.head)
  if (newest?.run === run.id) return true
  throw planStale(`run ${newest?.run} changed the target since`)
}

const toWork = ({ parse }: RunContext, steps: DownPlan['steps']): PlannedWork => ({
  steps: steps.map((step) => ({
    source: compileDown(step, parse),
    direction: 'down',
    bundle: step.bundle,
    outOfOrder: false,
    undoes: step.receipt,
  })),
  notices: [],
})

type Planned = Pick<RollbackPlan, 'target' | 'wish'> & Reading & { readonly plan: DownPlan }

async function makeRollbackPlan(
  { control, parse }: Pick<RunnerPorts, 'control' | 'parse'>,
  { target, wish, session, plan }: Planned,
): Promise<RollbackPlan> {
  const runs = await control.latestRuns(target, runsLookedAt)
  const previous = runs.find(({ direction, state }) => direction === 'down' && isFinal(state))?.id ?? null
  return await priceRollback({ session, parse }, plan, { target, wish, previous })
}

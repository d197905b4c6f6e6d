import type { Failure } from '../domain/errors.ts'
import { type Actor, isFinal, type RollbackWish, type RunRecord, type RunState } from '../domain/records.ts'
import { planChanged, type RollbackPlan, runIdOfPlan } from '../domain/rollback-plan.ts'
import type { MigrationName, RunId, Sha256, TargetName } from '../domain/types.ts'
import type { ControlStore } from './control-store.ts'
import type { RunQueue } from './queue.ts'
import type { PlanRollbackRequest, ReleaseAnswer, ReleaseRequest } from './runner-contract.ts'
import type { Clock, Deadline } from './system.ts'

/** Everything outside that the operators' way back touches; it has no way to the database. */
export interface RollbackFrontPorts {
  readonly control: Pick<ControlStore, 'readRun' | 'countStart' | 'returnStart'>
  readonly queue: RunQueue
  readonly askPlan: (request: PlanRollbackRequest) => Promise<RollbackPlan>
  readonly askRelease: (request: ReleaseRequest) => Promise<ReleaseAnswer>
  readonly clock: Clock
}

/** What an operator asks: to see the plan, or to carry out the one that they saw. */
export type RollbackOrder = ShowPlan | ConfirmPlan | ReleaseOrder

interface Wished {
  readonly target: TargetName
  readonly wish: RollbackWish
  readonly actor: Actor
}

export interface ShowPlan extends Wished {
  readonly action: 'plan'
}

export interface ConfirmPlan extends Wished {
  readonly action: 'confirm'
  /** The digest of the plan that was seen. */
  readonly plan: Sha256
}

/** Lets what was rolled back be applied again. */
export interface ReleaseOrder {
  readonly action: 'release'
  readonly target: TargetName
  readonly migrations: readonly MigrationName[]
  readonly reason: string
  readonly actor: Actor
}

/** How far the run has come when the front has to answer; it goes on without it. */
export interface RollbackAnswer {
  readonly target: TargetName
  readonly run: RunId
  readonly state: RunState
  /** Migrations that were taken back so far. */
  readonly applied: number
  readonly failure?: Failure
}

/** The command line of AWS gives up reading after 60 s and asks again; an operator wants to hear something well before. */
const answerWithinMs = 25_000
const pollMs = 500
/** What is left of the front's own time when it answers. */
const reserveMs = 2_000

/** Asks the runner for the plan, with whatever time there is. */
export const showPlan = async (
  ports: RollbackFrontPorts,
  { target, wish, actor }: Wished,
  deadline: Deadline,
): Promise<RollbackPlan> => {
  return await ports.askPlan({ action: 'plan-rollback', target, wish, actor, budgetMs: budgetOf(deadline) })
}

/** Asks the runner to release. */
export const passRelease = async (
  ports: RollbackFrontPorts,
  order: ReleaseOrder,
  deadline: Deadline,
): Promise<ReleaseAnswer> => await ports.askRelease({ ...order, budgetMs: budgetOf(deadline) })

const budgetOf = (deadline: Deadline): number => Math.max(1, Math.floor(deadline.remainingMs() - reserveMs))

/**
 * Starts the rollback that a plan's digest confirms, and watches it for a while. The digest names the run, so that asking again, at
 * any time, is the same run: it is not planned again, and one that is over answers how it ended.
 *
 * The run is in the queue before anything is answered: whatever dies, it goes on.
 *
 * @throws LockstepError PLAN_STALE when the plan that would be carried out now is another one; what planning throws
 */
export async function confirmPlan(
  ports: RollbackFrontPorts,
  order: ConfirmPlan,
  deadline: Deadline,
): Promise<RollbackAnswer> {
  const { control, queue, clock } = ports
  const { target, plan } = order
  const giveUpAtMs = clock.monotonicMs() + Math.min(answerWithinMs, deadline.remainingMs() - reserveMs)
  const id = runIdOfPlan(target, plan)
  let run = (await control.readRun(target, id)) ?? (await makeRun(ports, order, deadline))
  if (!isFinal(run.state)) await queue.enqueue(target, id)
  while (!isFinal(run.state) && clock.monotonicMs() + pollMs < giveUpAtMs) {
    await clock.sleep(pollMs)
    run = (await control.readRun(target, id)) ?? run
  }
  return answerOf(run)
}

async function makeRun(ports: RollbackFrontPorts, order: ConfirmPlan, deadline: Deadline): Promise<RunRecord> {
  const { control, clock } = ports
  const { target, wish, actor } = order
  const { digest, floor, head } = await showPlan(ports, order, deadline)
  if (digest !== order.plan) throw planChanged(order.plan, digest)
  const id = runIdOfPlan(target, digest)
  const work = { kind: 'rollback', wish, plan: digest, floor, head } as const
  const run = await control.countStart({ id, target, direction: 'down', work, actor, createdAt: clock.now() })
  // Not a start: whoever takes the run from the queue counts its own.
  await control.returnStart(target, id)
  return run
}

const answerOf = ({ target, id, state, applied, failure }: RunRecord): RollbackAnswer => ({
  ...{ target, run: id, state, applied },
  ...(failure !== undefined && { failure }),
})

import type { Failure } from '../domain/errors.ts'
import type { ReceiptKey } from '../domain/receipt.ts'
import { resumePoint } from '../domain/resume.ts'
import type { TargetState } from '../domain/target-state.ts'
import type { Notice, Token } from '../domain/types.ts'
import { attach } from './attach.ts'
import type { Held } from './hold.ts'
import { makeProjector, type Projector } from './project.ts'
import { receiptAt } from './receipt-at.ts'
import { draft, showActor } from './run-context.ts'
import type { StepOrder, TargetSession } from './target-database.ts'
import { roomMs, runWatched } from './watch-step.ts'

/** What a run has to do, from one reading of its target: its steps in order, each parsed and judged. */
export interface PlannedWork {
  readonly steps: readonly PlannedStepOrder[]
  readonly notices: readonly Notice[]
}

export type PlannedStepOrder = Pick<StepOrder, 'source' | 'direction' | 'bundle' | 'outOfOrder' | 'undoes'>

/**
 * Plans a run, up or down, from the target's state.
 *
 * @throws LockstepError what refuses the plan whole
 */
export type Planner = (state: TargetState, session: TargetSession) => PlannedWork | Promise<PlannedWork>

/** How a slice ended: the run is over, or it was parked between two steps or with one left running in the server. */
export type SliceEnd =
  | { readonly kind: 'over'; readonly failure?: Failure; readonly notices: readonly Notice[] }
  | { readonly kind: 'parked' }

/**
 * Carries a plan out, step by step in its order, each exactly once: the main job, and the way back.
 *
 * Nothing runs unless everything was read, planned and parsed. What an earlier run committed is projected first.
 *
 * @throws LockstepError what refuses the plan or a file, and what the ports throw; steps that ran keep their receipts
 */
export async function applyPlan(held: Held, planner: Planner): Promise<SliceEnd> {
  const { context, lease, keeper } = held
  await using attached = await attach(context, lease, keeper)
  const { session, raisedFrom } = attached
  const projector = makeProjector({
    ...context,
    session,
    target: lease.target,
    actor: showActor(context.request.actor),
  })
  const { state, work, failed } = await prepare({ held, planner, session, projector, raisedFrom })
  if (failed !== undefined) return await drained(projector, over(work, failed))

  let head = state.head
  for (const [index, step] of work.steps.entries()) {
    if (roomMs(held) <= 0) return await drained(projector, { kind: 'parked' })
    keeper.mustBeFresh()
    keeper.note({ phase: phases[step.direction], migration: step.source.migration.name })
    const key: ReceiptKey = { token: lease.token, n: index + 1 }
    const order = { ...step, lease, settings: context.settings, run: lease.run, key, head }
    const receipt = await runWatched(held, { session, projector, order, progress: state.progress })
    if (receipt === 'left') return await drained(projector, { kind: 'parked' })
    projector.offer(receipt)
    if (receipt.failure !== undefined) return await drained(projector, over(work, receipt.failure))
    held.report = { applied: held.report.applied + 1 }
    head = receipt.key
  }
  return await drained(projector, over(work))
}

const phases = { up: 'APPLYING', down: 'REVERTING' } as const

interface Preparation {
  readonly held: Held
  readonly planner: Planner
  readonly session: TargetSession
  readonly projector: Projector
  readonly raisedFrom: Token | null
}

interface Prepared {
  readonly state: TargetState
  readonly work: PlannedWork
  /** How an earlier slice of this run failed, if it died before it could say so. */
  readonly failed?: Failure
}

/** Reads the chain, then the receipts; plans and parses everything; and says so in the chain, if it stood still meanwhile. */
async function prepare(preparation: Preparation): Promise<Prepared> {
  const { held, planner, session, projector, raisedFrom } = preparation
  const { context, lease } = held
  for (;;) {
    await projector.catchUp()
    const state = await session.readState()
    countCommitted(held, state)
    const failed = await failedBefore(held, state, session)
    if (failed !== undefined) return { state, work: nothing, failed }
    const work = await planner(state, session)
    for (const { source } of work.steps) resumePoint(source, state.progress)
    const pending = work.steps.length
    if (pending === 0) return { state, work }
    const attached = draft(context, 'run.attached', { raisedFrom, head: showKey(state.head), pending })
    if ((await projector.append([{ ...attached, token: lease.token }])) === 'done') return { state, work }
  }
}

const nothing: PlannedWork = { steps: [], notices: [] }

/** A step that failed has failed for good: its run does not try it again, whatever became of the slice that recorded it. */
async function failedBefore({ context }: Held, { head }: TargetState, session: TargetSession) {
  if (head === null || context.run.startedAt === undefined) return undefined
  const newest = await receiptAt(session, head)
  return newest?.run === context.run.id ? newest.failure : undefined
}

/** Counts what the run committed in earlier slices, from the receipts: a slice that died told nobody. */
function countCommitted(held: Held, { applied, reverted }: TargetState): void {
  const { id, direction, detached } = held.context.run
  const there = direction === 'up' ? applied : reverted
  const waits = detached !== undefined && there.every((row) => row.migration !== detached.migration)
  held.report = { applied: there.filter((row) => row.run === id).length, ...(waits && { detached }) }
}

const showKey = (key: ReceiptKey | null): string | null => (key === null ? null : `${key.token}.${key.n}`)

const over = ({ notices }: PlannedWork, failure?: Failure): SliceEnd => ({
  kind: 'over',
  notices,
  ...(failure !== undefined && { failure }),
})

/** A slice ends only when the ledger has everything that it committed. */
async function drained(projector: Projector, end: SliceEnd): Promise<SliceEnd> {
  await projector.drain()
  return end
}

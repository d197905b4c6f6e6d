import type { Bundle } from '../domain/bundle.ts'
import { refuseUncertified, withCertificate } from '../domain/certificate.ts'
import { compileStep } from '../domain/compile-step.ts'
import { refuseLedgerAhead } from '../domain/drift.ts'
import type { Failure } from '../domain/errors.ts'
import type { History } from '../domain/migration.ts'
import { type Plan, planUp } from '../domain/plan.ts'
import type { ReceiptKey } from '../domain/receipt.ts'
import { resumePoint } from '../domain/resume.ts'
import type { StepSource } from '../domain/step-source.ts'
import type { TargetState } from '../domain/target-state.ts'
import type { Notice, Token } from '../domain/types.ts'
import { attach } from './attach.ts'
import type { Held } from './hold.ts'
import { makeProjector, type Projector } from './project.ts'
import { draft, showActor } from './run-context.ts'
import type { TargetSession } from './target-database.ts'
import { roomMs, runWatched } from './watch-step.ts'

/** How a slice ended: the run is over, or it was parked between two steps or with one left running in the server. */
export type SliceEnd =
  | { readonly kind: 'over'; readonly failure?: Failure; readonly notices: readonly Notice[] }
  | { readonly kind: 'parked' }

/**
 * Applies what is pending of a bundle, in order, each migration exactly once: the main job.
 *
 * Nothing runs unless everything was read, planned and parsed. What an earlier run committed is projected first.
 *
 * @throws LockstepError what refuses the plan or a file, and what the ports throw; steps that ran keep their receipts
 */
export async function applyBundle(held: Held, bundle: Bundle, history: History): Promise<SliceEnd> {
  const { context, lease, keeper } = held
  await using attached = await attach(context, lease, keeper)
  const { session, raisedFrom } = attached
  const projector = makeProjector({
    ...context,
    session,
    target: lease.target,
    actor: showActor(context.request.actor),
  })
  const { state, plan, sources, failed } = await prepare({ held, bundle, history, session, projector, raisedFrom })
  if (failed !== undefined) return await drained(projector, over(plan, failed))

  let head = state.head
  for (const [index, source] of sources.entries()) {
    if (roomMs(held) <= 0) return await drained(projector, { kind: 'parked' })
    keeper.mustBeFresh()
    keeper.note({ phase: 'APPLYING', migration: source.migration.name })
    const outOfOrder = plan.steps[index]?.outOfOrder ?? false
    const key: ReceiptKey = { token: lease.token, n: index + 1 }
    const order = { ...orderOf(held, bundle), source, outOfOrder, key, head }
    const receipt = await runWatched(held, { session, projector, order, progress: state.progress })
    if (receipt === 'left') return await drained(projector, { kind: 'parked' })
    projector.offer(receipt)
    if (receipt.failure !== undefined) return await drained(projector, over(plan, receipt.failure))
    held.report = { applied: held.report.applied + 1 }
    head = receipt.key
  }
  return await drained(projector, over(plan))
}

interface Preparation {
  readonly held: Held
  readonly bundle: Bundle
  readonly history: History
  readonly session: TargetSession
  readonly projector: Projector
  readonly raisedFrom: Token | null
}

interface Prepared {
  readonly state: TargetState
  readonly plan: Plan
  readonly sources: readonly StepSource[]
  /** How an earlier slice of this run failed, if it died before it could say so. */
  readonly failed?: Failure
}

/** Reads the chain, then the receipts; plans and parses everything; and says so in the chain, if it stood still meanwhile. */
async function prepare(preparation: Preparation): Promise<Prepared> {
  const { held, bundle, history, session, projector, raisedFrom } = preparation
  const { context, lease } = held
  for (;;) {
    const chain = await projector.catchUp()
    const state = await session.readState()
    refuseLedgerAhead(chain.projected, state.head)
    const plan = planUp({ history, state, policy: context.settings.policy, reapply: bundle.manifest?.reapply ?? [] })
    const sources = plan.steps.map(({ migration }) =>
      withCertificate(compileStep(migration, bundle, context.parse), bundle.manifest),
    )
    if (context.settings.policy.requireCertificate) refuseUncertified(sources)
    for (const source of sources) resumePoint(source, state.progress)
    countCommitted(held, state)
    const failed = await failedBefore(held, state, session)
    if (failed !== undefined) return { state, plan, sources, failed }
    if (sources.length === 0) return { state, plan, sources }
    const attached = draft(context, 'run.attached', { raisedFrom, head: showKey(state.head), pending: sources.length })
    if ((await projector.append([{ ...attached, token: lease.token }])) === 'done') return { state, plan, sources }
  }
}

/** A step that failed has failed for good: its run does not try it again, whatever became of the slice that recorded it. */
async function failedBefore({ context }: Held, { head }: TargetState, session: TargetSession) {
  if (head === null || context.run.startedAt === undefined) return undefined
  const [newest] = await session.receiptsAfter({ ...head, n: head.n - 1 }, 1)
  return newest?.run === context.run.id ? newest.failure : undefined
}

/** Counts what the run committed in earlier slices, from the receipts: a slice that died told nobody. */
function countCommitted(held: Held, { applied }: TargetState): void {
  const { id, detached } = held.context.run
  const waits = detached !== undefined && applied.every((row) => row.migration !== detached.migration)
  held.report = { applied: applied.filter((row) => row.run === id).length, ...(waits && { detached }) }
}

const showKey = (key: ReceiptKey | null): string | null => (key === null ? null : `${key.token}.${key.n}`)

const orderOf = ({ context, lease }: Held, bundle: Bundle) => ({
  direction: 'up' as const,
  lease,
  settings: context.settings,
  run: lease.run,
  bundle: bundle.digest,
})

const over = (plan: Plan, failure?: Failure): SliceEnd => ({
  kind: 'over',
  notices: plan.notices,
  ...(failure !== undefined && { failure }),
})

/** A slice ends only when the ledger has everything that it committed. */
async function drained(projector: Projector, end: SliceEnd): Promise<SliceEnd> {
  await projector.drain()
  return end
}

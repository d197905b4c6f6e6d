import type { Admission } from '../domain/admission.ts'
import { LockstepError } from '../domain/errors.ts'
import { maxObjectBytes } from '../domain/limits.ts'
import { type BundleWork, type FinalRunState, isFinal, type RunRecord, type RunWork } from '../domain/records.ts'
import type { Sha256 } from '../domain/types.ts'
import { admitBundle } from './admit.ts'
import { applyPlan, type Planner } from './apply.ts'
import { holdLease } from './hold.ts'
import { obtainLease } from './lease.ts'
import { bundlePlanner } from './plan-bundle.ts'
import { rollbackPlanner } from './plan-rollback.ts'
import { draft, type RunContext, type RunnerPorts } from './run-context.ts'
import type { AdvanceRequest, RunnerAnswer } from './runner-contract.ts'
import type { Deadline } from './system.ts'
import { finished, judge } from './verdict.ts'

/**
 * Brings a run forward by one slice; every driver (queue, command line, test) calls this.
 *
 * It is idempotent: all it knows comes from the receipts and the control table. A run that is over answers as it ended.
 *
 * @throws LockstepError AWS_UNREACHABLE when not even the answer could be recorded; the message then comes back by itself
 */
export async function advance(ports: RunnerPorts, request: AdvanceRequest, deadline: Deadline): Promise<RunnerAnswer> {
  const { target, run: id } = request
  const [settings, run] = await Promise.all([ports.control.readSettings(target), ports.control.readRun(target, id)])
  if (run === undefined) throw new LockstepError('INTERNAL', `run ${id} was never counted by its front`)
  if (isFinal(run.state)) return answerOf(run, run.state)
  if (settings === undefined) return refuseUnknown(ports, request)
  const context: RunContext = { ...ports, request, run, settings, deadline }
  try {
    const { planner, bundle, admission } = await openWork(context, run.work)
    const admitted = { ...context, ...(admission && { admission }) }
    const lease = await obtainLease(admitted)
    return await holdLease(admitted, lease, (held) => applyPlan(held, planner), bundle)
  } catch (thrown) {
    return await endWithoutLease(context, thrown)
  }
}

const answerOf = ({ applied, failure }: RunRecord, state: FinalRunState): RunnerAnswer => ({
  kind: 'done',
  state,
  applied,
  ...(failure && { failure }),
})

/** Reads whatever can be read before the lease is held. */
async function openWork(context: RunContext, work: RunWork): Promise<OpenedWork> {
  if (work.kind === 'rollback') return { planner: rollbackPlanner(context, work) }
  const bundle = await openBundle(context, work)
  const admission = await admitBundle(context, bundle)
  return { planner: bundlePlanner(context, bundle), bundle: bundle.digest, ...(admission && { admission }) }
}

interface OpenedWork {
  readonly planner: Planner
  readonly bundle?: Sha256
  readonly admission?: Admission
}

async function openBundle({ bundles, openBundle: open, settings }: RunContext, { object }: BundleWork) {
  const bytes = await bundles.fetch(object, maxObjectBytes(settings.limits))
  const bundle = await open(bytes, settings.limits)
  if (settings.policy.requireManifest && bundle.manifest === undefined) {
    throw new LockstepError('MANIFEST_REQUIRED', `${object.key} has no lockstep.json`)
  }
  return bundle
}

async function endWithoutLease(context: RunContext, thrown: unknown): Promise<RunnerAnswer> {
  const verdict = await judge(context, thrown)
  if (verdict.kind === 'again') return verdict.answer
  const { end } = verdict
  const { target, run } = context.request
  // Behind a broken chain nothing can be told, and a run that could not end would come back for ever.
  const events = end.failure?.code === 'AUDIT_BROKEN' ? [] : [draft(context, 'run.finished', finished(end))]
  await context.control.finishRun(target, run, end, events)
  return { kind: 'done', state: end.state, applied: end.applied, ...(end.failure && { failure: end.failure }) }
}

async function refuseUnknown(ports: RunnerPorts, request: AdvanceRequest): Promise<RunnerAnswer> {
  const error = new LockstepError('TARGET_UNKNOWN', `no target is named "${request.target}"`)
  const { code, message, hint } = error
  const end = { state: 'REFUSED', applied: 0, failure: { code, message, hint }, notices: [] } as const
  await ports.control.finishRun(request.target, request.run, end, [
    draft({ ...ports, request }, 'run.finished', finished(end)),
  ])
  return { kind: 'done', ...end }
}

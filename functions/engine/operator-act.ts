import type { AuditDraft, AuditType, Json } from '../domain/audit.ts'
import { sha256 } from '../domain/checksum.ts'
import type { Actor, Lease, LockRecord } from '../domain/records.ts'
import type { TargetSettings } from '../domain/settings.ts'
import { type RunId, runId, type WorkerId } from '../domain/types.ts'
import type { OperatorAct } from './control-store.ts'
import { type RunnerPorts, showActor } from './run-context.ts'
import type { UnlockRequest } from './runner-contract.ts'
import type { Deadline } from './system.ts'

/** What an operator's act touches; never a bundle. */
export type OperatorPorts = Pick<RunnerPorts, 'control' | 'database' | 'clock' | 'random' | 'log'>

/** One act of an operator: what was asked, what was decided for the target, and the names that the act goes by. */
export interface Act extends OperatorPorts {
  readonly request: UnlockRequest
  readonly settings: TargetSettings
  readonly deadline: Deadline
  /** Stands where a run's id stands for a run, in audit events and in the fence. */
  readonly id: RunId
  readonly worker: WorkerId
}

/** Names an act after the invocation that asked for it. */
export const actIdOf = (actor: Actor): RunId => {
  const name = actor.kind === 'claimed' ? actor.requestId : actor.principal
  return runId(`u-${sha256(name).slice(0, 24)}`)
}

/** Drafts an audit event of an act. */
export const tell = (
  { clock, request, id }: Act,
  type: AuditType,
  { token, ...data }: { readonly token: LockRecord['token']; readonly [key: string]: Json | undefined },
): AuditDraft => ({
  type,
  at: clock.now(),
  run: id,
  actor: showActor(request.actor),
  token,
  data: { reason: request.reason, ...data },
})

/** What every write of an act to LOCK says of it. */
export const writeOf = (act: Act, event: AuditDraft): OperatorAct => ({
  target: act.request.target,
  worker: act.worker,
  at: act.clock.now(),
  events: [event],
})

/** An act's hold on LOCK in the form in which the database takes it. */
export const leaseOf = (act: Act, { token, leaseMs, attachedOnce, raised }: LockRecord): Lease => ({
  target: act.request.target,
  run: act.id,
  worker: act.worker,
  token,
  leaseMs,
  attachedOnce,
  ...(raised !== undefined && { raised }),
})

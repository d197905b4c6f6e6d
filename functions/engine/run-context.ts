import type { Admission } from '../domain/admission.ts'
import type { AuditDraft, AuditType, Json } from '../domain/audit.ts'
import type { Actor, RunRecord } from '../domain/records.ts'
import type { TargetSettings } from '../domain/settings.ts'
import type { SqlParser } from '../domain/sql-parser.ts'
import type { BundleStore } from './bundle-store.ts'
import type { ControlStore } from './control-store.ts'
import type { OpenBundle } from './open-bundle.ts'
import type { AdvanceRequest } from './runner-contract.ts'
import type { Clock, Deadline, Log, Observe, Random } from './system.ts'
import type { TargetDatabase } from './target-database.ts'

/** Everything outside that a run touches. */
export interface RunnerPorts {
  readonly bundles: BundleStore
  readonly openBundle: OpenBundle
  readonly control: ControlStore
  readonly database: TargetDatabase
  readonly parse: SqlParser
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly observe: Observe
}

/** One slice of a run: what was asked, what was decided for the target, and how much time there is. */
export interface RunContext extends RunnerPorts {
  readonly request: AdvanceRequest
  /** The RUN item as it was at the slice's start. */
  readonly run: RunRecord
  readonly settings: TargetSettings
  readonly deadline: Deadline
  /** By which signature the bundle was let in, where the target asks for one. */
  readonly admission?: Admission
}

/** Drafts an audit event of this run; the store gives it its place in the chain. */
export const draft = (
  { clock, request }: Pick<RunContext, 'clock' | 'request'>,
  type: AuditType,
  data: { readonly [key: string]: Json | undefined } = {},
): AuditDraft => ({ type, at: clock.now(), run: request.run, actor: showActor(request.actor), data })

/** Says who asked, in one line; an invocation's own claim is marked as claimed. */
export const showActor = (actor: Actor): string =>
  actor.kind === 'upload'
    ? `${actor.principal} from ${actor.address}`
    : `${actor.name} (claimed, request ${actor.requestId})`

import type { Instant, RunId, Sha256, TargetName, Token } from './types.ts'

export type AuditType =
  | 'run.started'
  | 'run.resumed'
  | 'run.took-over'
  | 'run.attached'
  | 'run.parked'
  | 'run.finished'
  | 'migration.applied'
  | 'migration.reverted'
  | 'migration.failed'
  | 'migration.retried'
  | 'migration.released'
  | 'kept.dropped'
  | 'lock.freezing'
  | 'lock.freed'
  | 'lock.frozen'
  | 'lock.thawed'
  | 'lock.database-accepted'

/** JSON data; what an audit event carries besides its fixed fields. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined }

/** An event before it has a place in the chain. */
export interface AuditDraft {
  readonly type: AuditType
  readonly at: Instant
  /** The run, or the operator's act (`u-…`), that the event belongs to. */
  readonly run: RunId
  /** Who asked, as text; an invocation's own claim is marked as claimed. */
  readonly actor: string
  readonly token?: Token
  readonly data: { readonly [key: string]: Json | undefined }
}

/** An append-only, hash-chained record: `hash = sha256(prevHash ‖ canonical JSON of all but hash)`. */
export interface AuditEvent extends AuditDraft {
  readonly target: TargetName
  /** Counts from 1 without gaps. */
  readonly seq: number
  readonly prevHash: Sha256
  readonly hash: Sha256
}

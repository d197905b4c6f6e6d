import type { AuditDraft, AuditEvent } from '../../functions/domain/audit.ts'
import { chainEndsEarly, chainEvents } from '../../functions/domain/audit-chain.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { ChainHead, LedgerEntry, LockRecord, RunEnd, RunRecord, RunState } from '../../functions/domain/records.ts'
import type { TargetSettings } from '../../functions/domain/settings.ts'
import type { Instant, MigrationName, RunId, Sha256, TargetName, WorkerId } from '../../functions/domain/types.ts'

/** Everything that a control store knows of one target, as plain data. */
export interface TargetRecords {
  settings?: TargetSettings
  lock?: LockRecord
  /** The operator's act that left the lock last. */
  lockLeftBy?: WorkerId
  chain: ChainHead
  readonly runs: Map<RunId, StoredRun>
  readonly ledger: Map<MigrationName, LedgerEntry>
  /** Digests of the bundles that succeeded. */
  readonly done: Set<Sha256>
  readonly events: AuditEvent[]
}

/** A run and what makes its repeated writes recognizable. */
export interface StoredRun {
  record: RunRecord
  left?: { readonly worker: WorkerId; readonly state: RunState }
  ending?: string
  lastFaultAt?: Instant
}

/**
 * Appends drafts to the target's chain.
 *
 * @throws LockstepError AUDIT_BROKEN when an event lies where one of them would
 */
export function append(records: TargetRecords, target: TargetName, drafts: readonly AuditDraft[]): void {
  if (drafts.length > 0 && records.events.some(({ seq }) => seq > records.chain.seq))
    throw chainEndsEarly(target, records.chain)
  const events = chainEvents(target, records.chain, drafts)
  const { seq, hash } = events.at(-1) ?? records.chain
  records.events.push(...events)
  records.chain = { ...records.chain, seq, hash }
}

/** Gives a run its end. */
export function finish(
  stored: StoredRun,
  { state, applied, bundle, failure, notices }: RunEnd,
  finishedAt: Instant,
): void {
  const { bundle: _, failure: __, detached: ___, ...kept } = stored.record
  const told = { ...(bundle !== undefined && { bundle }), ...(failure !== undefined && { failure }) }
  stored.record = { ...kept, state, applied, notices, finishedAt, ...told }
}

/** Changes fields of a run. */
export const change = (stored: StoredRun, changes: Partial<RunRecord>): void => {
  stored.record = { ...stored.record, ...changes }
}

/** Finds a run. @throws LockstepError INTERNAL when its start was never counted */
export function mustHaveRun({ runs }: TargetRecords, run: RunId): StoredRun {
  const stored = runs.get(run)
  if (stored !== undefined) return stored
  throw new LockstepError('INTERNAL', `there is no run ${run}, its start was never counted`)
}

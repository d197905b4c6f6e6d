import type { AuditEvent } from '../domain/audit.ts'
import { compareBytes } from '../domain/byte-order.ts'
import { LockstepError } from '../domain/errors.ts'
import type { ChainHead, LedgerEntry, LockRecord, RunRecord } from '../domain/records.ts'
import type { MigrationName, RunId, TargetName } from '../domain/types.ts'
import type { ControlStore } from './control-store.ts'

/** What is asked of a target; every part but the name is optional. */
export interface StatusQuestion {
  readonly target: TargetName
  /** This run instead of the newest ones. */
  readonly run?: RunId
  /** Audit events above this seq; without it none are read. */
  readonly eventsAfter?: number
  /** Ledger entries whose name sorts above this one, `''` for all; without it none are read. */
  readonly ledgerAfter?: MigrationName | ''
}

/** The state of a target as DynamoDB tells it; the database is not asked. */
export interface StatusAnswer {
  readonly target: TargetName
  readonly lock: LockRecord | null
  /** The run that was asked for, or the newest ones, newest first. */
  readonly runs: readonly RunRecord[]
  readonly chain: ChainHead
  /** A page of audit events; ask again from the last seq until it is empty. */
  readonly events: readonly AuditEvent[]
  /** A page of the ledger in byte order; ask again from the last name until it is empty. */
  readonly ledger: readonly LedgerEntry[]
}

const newestRuns = 10
/** Pages stay far below Lambda's answer limit of 6 MB. */
const eventPage = 500
const ledgerPage = 1000

/**
 * Answers what a target or a run is doing, from DynamoDB alone.
 *
 * @throws LockstepError TARGET_UNKNOWN when the target was never declared and no upload ever named it
 */
export async function readStatus(control: ControlStore, question: StatusQuestion): Promise<StatusAnswer> {
  const { target } = question
  const [settings, lock, runs, chain, events, ledger] = await Promise.all([
    control.readSettings(target),
    control.readLock(target),
    question.run === undefined ? control.latestRuns(target, newestRuns) : oneRun(control, target, question.run),
    control.readChain(target),
    question.eventsAfter === undefined ? [] : control.readAudit(target, question.eventsAfter, eventPage),
    question.ledgerAfter === undefined ? [] : ledgerFrom(control, target, question.ledgerAfter),
  ])
  if (settings === undefined && runs.length === 0)
    throw new LockstepError('TARGET_UNKNOWN', `no target is named "${target}"`)
  return { target, lock: lock ?? null, runs, chain, events, ledger }
}

const oneRun = async (control: ControlStore, target: TargetName, run: RunId): Promise<readonly RunRecord[]> => {
  const found = await control.readRun(target, run)
  return found === undefined ? [] : [found]
}

const ledgerFrom = async (
  control: ControlStore,
  target: TargetName,
  after: string,
): Promise<readonly LedgerEntry[]> => {
  const entries = await control.readLedger(target)
  return entries.filter((entry) => compareBytes(entry.migration, after) > 0).slice(0, ledgerPage)
}

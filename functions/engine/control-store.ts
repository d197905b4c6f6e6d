import type { AuditDraft, AuditEvent } from '../domain/audit.ts'
import type { Failure } from '../domain/errors.ts'
import type { CopiedReceipt, Receipt } from '../domain/receipt.ts'
import type {
  Actor,
  Backend,
  ChainHead,
  Lease,
  LedgerEntry,
  LockRecord,
  RunEnd,
  RunRecord,
  RunWork,
  SliceReport,
} from '../domain/records.ts'
import type { TargetSettings } from '../domain/settings.ts'
import type {
  Direction,
  Instant,
  MigrationName,
  Revision,
  RunId,
  Sha256,
  TargetName,
  Token,
  WorkerId,
} from '../domain/types.ts'

/**
 * Terminology
 *
 * - LOCK, RUN, MIG, CHAIN: the items of a target in the control table; see `domain/records.ts`
 * - transition: one transaction over LOCK, RUN, CHAIN and the audit events that tell of it; all of it happens or nothing
 * - seen: what the caller read before; a condition on it makes every write a compare-and-swap
 *
 * Every method may throw AWS_UNREACHABLE or AWS_DENIED. A write whose answer was lost may be repeated with the same arguments:
 * it then answers as the first time did. A transaction conflict is retried inside and is never reported as a refusal.
 */
export interface ControlStore {
  /** Reads a target's settings; undefined for a target that was never declared. */
  readSettings(target: TargetName): Promise<TargetSettings | undefined>

  /** Counts a start of the run (creating the RUN item at the first), unless it is over; returns the item as it is then. */
  countStart(run: NewRun): Promise<RunRecord>
  /** Takes a counted start back, after an orderly exit. */
  returnStart(target: TargetName, run: RunId): Promise<void>
  /** Counts an infrastructure fault of a run that is not over; returns the item as it is then. */
  countFault(target: TargetName, run: RunId, fault: { at: Instant; failure: Failure }): Promise<RunRecord>
  readRun(target: TargetName, run: RunId): Promise<RunRecord | undefined>
  /** The newest runs first. */
  latestRuns(target: TargetName, limit: number): Promise<readonly RunRecord[]>
  /** Ends a run that holds no lease (refused, crashed, expired); false when it was over already. */
  finishRun(target: TargetName, run: RunId, end: RunEnd, events: readonly AuditDraft[]): Promise<boolean>

  readLock(target: TargetName): Promise<LockRecord | undefined>
  /** Tells whether a bundle with this digest has ever succeeded on the target; once true, it stays so. */
  hasSucceeded(target: TargetName, bundle: Sha256): Promise<boolean>
  /**
   * FREE (or no LOCK item yet) → HELD with token + 1.
   *
   * @throws LockstepError from all three claims: LEASE_LOST when the run is over, or when LOCK is gone though it must exist
   */
  acquire(claim: LeaseClaim): Promise<LeaseAttempt>
  /** PARKED by the same run → HELD by a new worker with token + 1. */
  attach(claim: LeaseClaim): Promise<LeaseAttempt>
  /** HELD or PARKED, and still at the revision that the caller watched for a whole lease → HELD with token + 1. */
  takeOver(
    claim: LeaseClaim & { readonly seen: { readonly token: Token; readonly revision: Revision } },
  ): Promise<LeaseAttempt>
  /** Shows that the worker lives; `lost` when the lease is someone else's by now. Not a transition: no audit event. */
  heartbeat(lease: Lease, beat: Heartbeat): Promise<'kept' | 'lost'>
  /** HELD → PARKED at the end of a slice; RUN → PARKED. A run that another ended has no lease: this, too, is `lost`. */
  park(lease: Lease, report: SliceReport, events: readonly AuditDraft[]): Promise<'done' | 'lost'>
  /** HELD → FREE, RUN → QUEUED: the run lets go without an end, because its database did not answer. */
  yieldLease(lease: Lease, report: SliceReport, events: readonly AuditDraft[]): Promise<'done' | 'lost'>
  /**
   * HELD → FREE, RUN → its end. With an end that has a `standing`, LOCK gets it, and a SUCCEEDED bundle is one that `hasSucceeded`
   * knows from then on.
   */
  release(lease: Lease, end: RunEnd, events: readonly AuditDraft[]): Promise<'done' | 'lost'>

  /**
   * LOCK as seen, whatever its state (or no LOCK item yet) → FREEZING with a higher token: whoever held the lease has lost it.
   *
   * @returns LOCK as it is then; `moved` when it is not as seen, or when a mended chain is not
   */
  beginFreeze(order: FreezeOrder): Promise<LockRecord | 'moved'>
  /** FREEZING by this act → FREE or FROZEN, once the fence stands at its token; `moved` when another act went on from it. */
  endFreeze(order: FreezeEnd): Promise<'done' | 'moved'>
  /** FROZEN with the token seen → FREE. */
  thaw(act: OperatorAct & { readonly token: Token }): Promise<'done' | 'moved'>
  /** FREEZING by this act → FREE, and the chain's `projected` → what the accepted database says; `moved` also when the chain is. */
  acceptDatabase(order: Acceptance): Promise<'done' | 'moved'>
  /** Puts ledger entries as they are, at most `maxReceipts`, if the chain still is as seen; tells no event. */
  rewriteLedger(target: TargetName, seen: ChainHead, entries: readonly LedgerEntry[]): Promise<'done' | 'moved'>

  /** An absent chain reads as seq 0 with the hash of nothing (64 zeros). */
  readChain(target: TargetName): Promise<ChainHead>
  /**
   * Copies receipts to the ledger and appends events, if the chain still is as seen; needs no lease.
   * `moved` means that the chain is not what this write would make of it, and the caller has to read again, chain first. Nothing
   * was written then, unless the answer was lost and others went on from it: reading tells, and nothing is ever copied twice.
   */
  project(entry: Projection): Promise<ChainHead | 'moved'>

  readLedger(target: TargetName): Promise<readonly LedgerEntry[]>
  /** Audit events with a seq above `after`, in order, at most `limit`. */
  readAudit(target: TargetName, after: number, limit: number): Promise<readonly AuditEvent[]>
}

export interface NewRun {
  readonly id: RunId
  readonly target: TargetName
  readonly direction: Direction
  readonly work: RunWork
  readonly actor: Actor
  readonly createdAt: Instant
}

/** A wish for the lease: by which run, as which worker, for how long. */
export interface LeaseClaim {
  readonly target: TargetName
  readonly run: RunId
  readonly worker: WorkerId
  /** The revision that the write gives the LOCK item. */
  readonly revision: Revision
  readonly leaseMs: number
  readonly at: Instant
  /** What the transition tells; the store adds the granted token to each. */
  readonly events: readonly AuditDraft[]
}

/** Granted, or refused by what the LOCK item says. */
export type LeaseAttempt =
  | { readonly granted: true; readonly lease: Lease }
  | { readonly granted: false; readonly holder: LockRecord }

export interface Heartbeat {
  readonly revision: Revision
  readonly at: Instant
  readonly phase: string
  readonly migration?: MigrationName
  readonly backend?: Backend
  /** True from the fence's raise on: sets LOCK's `raised` and `attachedOnce`. */
  readonly raised: boolean
}

/** What an operator does to a lock, past the lease. */
export interface OperatorAct {
  readonly target: TargetName
  /** New with every act: by it, a repeated write knows that it has won already. */
  readonly worker: WorkerId
  readonly at: Instant
  readonly events: readonly AuditDraft[]
}

export interface FreezeOrder extends OperatorAct {
  /** LOCK as the operator saw it; null where there was none. */
  readonly seen: { readonly token: Token; readonly revision: Revision } | null
  /** The token that LOCK gets; higher than the one seen. */
  readonly token: Token
  readonly revision: Revision
  readonly leaseMs: number
  /** Why, and who says so. */
  readonly reason: string
  /** A chain that ends before the audit table does (as after a restore) goes on from the table's end, if it still is as seen. */
  readonly mend?: { readonly seen: ChainHead; readonly end: ChainHead }
}

export interface FreezeEnd extends OperatorAct {
  readonly token: Token
  readonly lockState: 'FREE' | 'FROZEN'
}

export interface Acceptance extends OperatorAct {
  readonly token: Token
  readonly seen: ChainHead
  readonly projected: CopiedReceipt | null
}

/** Receipts to copy and events to append, all in the one transaction that moves the chain from `seen`. */
export interface Projection {
  readonly target: TargetName
  readonly seen: ChainHead
  /** At most `maxReceipts`, in the order of their keys, none older than `seen.projected`. */
  readonly receipts: readonly Receipt[]
  readonly events: readonly AuditDraft[]
  /** Ledger entries to put as they are, at most `maxReceipts`; never together with receipts. */
  readonly releases?: readonly LedgerEntry[]
}

/** TransactWriteItems takes 100 actions: the chain, and for each receipt a ledger entry and an event. */
export const maxReceipts = 49

import type { FenceRow } from '../domain/drift.ts'
import type { Failure } from '../domain/errors.ts'
import type { KeptTable } from '../domain/kept-table.ts'
import type { Loss } from '../domain/losses.ts'
import type { Receipt, ReceiptKey } from '../domain/receipt.ts'
import type { Backend, Lease } from '../domain/records.ts'
import type { LossCount } from '../domain/rollback-plan.ts'
import type { TargetSettings } from '../domain/settings.ts'
import type { StepSource, Unit } from '../domain/step-source.ts'
import type { TargetState } from '../domain/target-state.ts'
import type { Direction, RunId, Sha256, TargetName, Token } from '../domain/types.ts'
import type { AppliedStep } from '../domain/way-back.ts'

/**
 * Terminology
 *
 * - session: one direct connection, never through a pooler; its advisory lock and its settings live as long as it does
 * - fence: the row in schema `lockstep` with the highest token that the database has seen
 * - order: everything a step needs to run and to be recorded
 *
 * Errors: TARGET_UNREACHABLE, TARGET_READ_ONLY, TARGET_TLS (infrastructure: the outcome of the call is unknown);
 * CREDENTIALS_REJECTED, DATABASE_MISSING, PRIVILEGE_MISSING (refused at once).
 */
export interface TargetDatabase {
  /**
   * Opens a session named `lockstep:<target>:<token>`.
   *
   * @throws LockstepError POOLER_UNSUPPORTED when the server shows that it is a pooler
   */
  connect(settings: TargetSettings, token: Token): Promise<TargetSession>
}

export interface TargetSession extends AsyncDisposable {
  readonly backend: Backend

  /** Tries the session advisory lock once; never waits in the server, where a waiter would deadlock an index build. */
  tryLock(): Promise<LockTry>
  /**
   * Lets go without a goodbye: the server works on what it was sent, and commits it. Whatever still waits for an answer rejects with
   * TARGET_UNREACHABLE.
   */
  leave(): void
  /** Stops what the server is working on for this session: cancels it over a second connection, then ends the backend. */
  interrupt(): Promise<void>
  /** Ends another backend, if pid and start time are those of a living one; false when there is none. */
  terminate(backend: Backend): Promise<boolean>

  /**
   * Brings schema `lockstep` to this version; any number of runners may do it at once.
   *
   * @throws LockstepError SCHEMA_NEWER, PRIVILEGE_MISSING
   */
  ensureSchema(): Promise<void>
  /** Raises the fence to the lease's token; waits for an older fenced transaction, bounded by retries. */
  raiseFence(lease: Lease, firstAttach: boolean): Promise<FenceRaise>
  /** Reads the fences of all targets, none where there is no schema yet; raises none and waits for nobody. */
  readFences(): Promise<readonly FenceRow[]>
  /**
   * Makes the database this target's: raises its fence, or makes it, whatever was there, and takes away those of other targets. Waits
   * for older fenced transactions, bounded by retries.
   *
   * @throws LockstepError LEASE_LOST when the fence has the lease's token or a higher one, LEASE_HELD
   */
  acceptFence(lease: Lease): Promise<void>
  /** Reads what is applied; to be trusted only after the fence was raised. */
  readState(): Promise<TargetState>
  /** Reads what is applied above a receipt (null: everything), with the ways back, the newest first. */
  appliedAfter(floor: ReceiptKey | null): Promise<readonly AppliedStep[]>
  /** Counts what losses would take away now, one answer for each; reads only, within about a quarter of a minute. */
  countLosses(losses: readonly Loss[]): Promise<readonly LossCount[]>
  /** Lists indexes that a build has left invalid, of the whole database, at most a hundred; those that are being built are none. */
  invalidIndexes(): Promise<readonly InvalidIndex[]>
  /** Reads receipts above a key, oldest first. */
  receiptsAfter(key: ReceiptKey | null, limit: number): Promise<readonly Receipt[]>

  /** Reads what migrations dropped and is still kept, the oldest first. */
  keptTables(): Promise<readonly KeptTable[]>
  /**
   * Drops kept tables for good, all in one transaction or none; wants the advisory lock, so that no step puts them back meanwhile.
   *
   * @param names as `keptTables` tells them
   * @param agree asked before the commit, when nothing else can stop it; must not use this session
   * @throws LockstepError LOCK_RELEASED; PRIVILEGE_MISSING when the application role does not own them
   */
  dropKept(names: readonly string[], agree: () => Promise<'commit' | 'undo'>): Promise<'commit' | 'undo'>

  /**
   * Runs a transactional step and what must hold after it, and writes its receipt, in one transaction and one message.
   *
   * @throws LockstepError MIGRATION_FAILED (rolled back; `sqlState` and `place` tell why), VERIFY_FAILED (rolled back; `place` is in
   *   the verify file, `sqlState` that of an error, absent where it returned false or null), STEP_NEEDS_OWN_TRANSACTIONS,
   *   FENCE_TOUCHED, LOCK_RELEASED, STEP_SPLIT, STEP_CONFLICT, LEASE_LOST (the fence was raised by another)
   */
  commitStep(order: StepOrder): Promise<Receipt>
  /** Runs a unit of kind `transaction` together with its progress; the last one with what must hold after it and the step's receipt. */
  commitUnit(order: StepOrder, unit: Unit, position: UnitPosition): Promise<Receipt | undefined>
  /** Commits that a unit of kind `alone` is about to run. */
  openUnit(order: StepOrder, unit: Unit): Promise<void>
  /** Runs a unit of kind `alone` outside any transaction; checks before that the advisory lock is still ours. */
  runUnit(order: StepOrder, unit: Unit): Promise<void>
  /** Asks the catalog what a unit of kind `alone` left behind. */
  examineUnit(order: StepOrder, unit: Unit): Promise<UnitEvidence>
  /** Drops the invalid index that a unit left behind, so that it can be built again. */
  clearUnit(order: StepOrder, unit: Unit): Promise<void>
  /**
   * Commits that a unit of kind `alone` is done; after the last unit, whose progress may be committed already, what must hold is run
   * instead, together with the step's receipt.
   */
  closeUnit(order: StepOrder, unit: Unit, position: UnitPosition): Promise<Receipt | undefined>
  /** Writes the `failed` receipt of a step that was rolled back; progress of earlier units stays. */
  recordFailure(order: StepOrder, failure: Failure): Promise<Receipt>
}

/** An index that PostgreSQL maintains with every write and uses for nothing; both names as they are typed in SQL. */
export interface InvalidIndex {
  readonly index: string
  readonly table: string
}

export type UnitPosition = 'last' | 'not-last'

export type LockTry = { readonly granted: true } | { readonly granted: false; readonly holder?: LockHolder }

/** The backend that holds the advisory lock. */
export interface LockHolder extends Backend {
  readonly applicationName: string
  /** `pg_stat_activity.state`, for example `active` or `idle`. */
  readonly state: string
  /** The token in its application name, when it is one of ours for this target. */
  readonly token?: Token
}

/**
 * What raising the fence found.
 *
 * - `raised`: the row is ours now; `from` is the token before it (null: the row was made)
 * - `higher`: the row has our token or a higher one
 * - `absent`: there is no row for this target although there must be one; `others` are the targets that have one
 */
export type FenceRaise =
  | { readonly kind: 'raised'; readonly from: Token | null }
  | { readonly kind: 'higher'; readonly token: Token }
  | { readonly kind: 'absent'; readonly others: readonly TargetName[] }

/** What the catalog says of a unit's effect: there, not there, there but invalid, or nothing that can be known. */
export type UnitEvidence = 'done' | 'absent' | 'invalid' | 'unknown'

/** Everything a step needs to run and to be recorded. */
export interface StepOrder {
  readonly source: StepSource
  readonly direction: Direction
  /** For a `down`: the receipt of the `up` that it takes back. */
  readonly undoes?: ReceiptKey
  readonly lease: Lease
  readonly settings: TargetSettings
  readonly run: RunId
  readonly bundle: Sha256
  readonly attempt: number
  readonly outOfOrder: boolean
  /** The receipt's key, and the head that it must follow. */
  readonly key: ReceiptKey
  readonly head: ReceiptKey | null
}

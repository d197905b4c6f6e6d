import type { Failure } from '../domain/errors.ts'
import type { KeptTable } from '../domain/kept-table.ts'
import type { ReceiptKey } from '../domain/receipt.ts'
import type { Actor, Backend, ChainHead, FinalRunState, LockRecord, RollbackWish } from '../domain/records.ts'
import type { MigrationName, RunId, TargetName } from '../domain/types.ts'
import type { InvalidIndex } from './target-database.ts'

/** What a front asks of the runner, the one function that may speak to the databases. */
export type RunnerRequest =
  | AdvanceRequest
  | PlanRollbackRequest
  | ReleaseRequest
  | UnlockRequest
  | ReconcileRequest
  | KeptRequest

interface Asked {
  readonly target: TargetName
  readonly actor: Actor
  /** How long the front can wait for the answer, in milliseconds; the slice has to be over by then. */
  readonly budgetMs: number
}

/** Brings one run forward; the RUN item says what it has to do. */
export interface AdvanceRequest extends Asked {
  readonly action: 'advance'
  readonly run: RunId
}

/** Says what a rollback would do and cost; changes nothing. */
export interface PlanRollbackRequest extends Asked {
  readonly action: 'plan-rollback'
  readonly wish: RollbackWish
}

/** Lets migrations that were rolled back be applied again. */
export interface ReleaseRequest extends Asked {
  readonly action: 'release'
  readonly migrations: readonly MigrationName[]
  readonly reason: string
}

/** Which migrations were released; the others had been before. */
export interface ReleaseAnswer {
  readonly target: TargetName
  readonly released: readonly MigrationName[]
}

/** What an operator wants of a target's lock. */
export type OperatorWish = 'unlock' | 'freeze' | 'thaw' | 'accept-database'

/** Breaks the glass: takes a lease away from whoever holds it. */
export interface UnlockRequest extends Asked {
  readonly action: 'unlock'
  readonly wish: OperatorWish
  readonly reason: string
  /** True also takes the lease of a holder that lives, and ends the backend that stands behind the fence. */
  readonly force: boolean
}

/** Copies to the ledger what the receipts say, without a run. */
export interface ReconcileRequest extends Asked {
  readonly action: 'reconcile'
}

/** Looks at what migrations dropped and is still kept, or drops it for good. */
export interface KeptRequest extends Asked {
  readonly action: 'kept-list' | 'kept-drop'
  /** Only what was kept at least so long ago, in milliseconds. */
  readonly olderThanMs: number
}

/** What the operators' front asks. */
export type OperatorRequest = UnlockRequest | ReconcileRequest | KeptRequest

/** What the operators' front answers. */
export type OperatorAnswer = UnlockAnswer | ReconcileAnswer | KeptAnswer

/** What is kept, or what was dropped for good; the oldest first. */
export interface KeptAnswer {
  readonly target: TargetName
  readonly tables: readonly KeptTable[]
}

/** What came of an operator's wish; whatever did not come to its end is an error instead. */
export interface UnlockAnswer {
  readonly target: TargetName
  readonly wish: OperatorWish
  /** LOCK as it was found; null when there was none. */
  readonly before: LockRecord | null
  readonly lock: LockRecord | null
  /** False when it was already as wished. */
  readonly changed: boolean
  /** Backends of older runs that were ended. */
  readonly ended: readonly Backend[]
  readonly accepted?: AcceptedDatabase
}

/** What the ledger had to learn from an accepted database. */
export interface AcceptedDatabase {
  /** The database's newest receipt. */
  readonly head: ReceiptKey | null
  /** Ledger entries that were rewritten as the receipts say. */
  readonly rewritten: number
  /** Migrations that the ledger knew as done and the database has no receipt of. */
  readonly lost: readonly MigrationName[]
  /** Receipts that had never been copied. */
  readonly copied: number
}

/** What reconciling found; with `drift` nothing was copied. */
export interface ReconcileAnswer {
  readonly target: TargetName
  readonly copied: number
  readonly chain: ChainHead
  /** Indexes that PostgreSQL maintains and does not use, at most a hundred. */
  readonly invalidIndexes: readonly InvalidIndex[]
  readonly drift?: Failure
}

/**
 * What became of a run in one slice. The front turns it into the message's fate.
 *
 * - `done`: the run is over, and its end is recorded
 * - `more`: the slice is over and the run is parked; go on at once
 * - `held`: another run holds the lease; come back later
 * - `unreachable`: the database or AWS did not answer; nothing is half-written; come back later
 */
export type RunnerAnswer =
  | { readonly kind: 'done'; readonly state: FinalRunState; readonly applied: number; readonly failure?: Failure }
  | { readonly kind: 'more' }
  | { readonly kind: 'held'; readonly holder: LockRecord }
  | { readonly kind: 'unreachable'; readonly failure: Failure }

import type { Failure } from './errors.ts'
import type { CopiedReceipt, ReceiptKey } from './receipt.ts'
import type {
  Direction,
  Instant,
  MigrationName,
  Notice,
  Revision,
  RunId,
  Sha256,
  TargetName,
  Token,
  WorkerId,
} from './types.ts'

/** The uploaded object that a run is about; `versionId` where the store has versions, else `etag`. */
export interface BundleObject {
  readonly bucket: string
  readonly key: string
  readonly versionId?: string
  readonly etag?: string
}

/** Who asked: S3's own word about an upload, or what a caller claims of itself. */
export type Actor =
  | { readonly kind: 'upload'; readonly principal: string; readonly address: string }
  | { readonly kind: 'claimed'; readonly name: string; readonly requestId: string }

export type FinalRunState = 'SUCCEEDED' | 'FAILED' | 'REFUSED' | 'CRASHED' | 'EXPIRED'
export type RunState = 'QUEUED' | 'RUNNING' | 'PARKED' | FinalRunState

const finalStates: ReadonlySet<RunState> = new Set<RunState>(['SUCCEEDED', 'FAILED', 'REFUSED', 'CRASHED', 'EXPIRED'])
/** Tells whether a run in this state is over; such a run is never run again. */
export const isFinal = (state: RunState): state is FinalRunState => finalStates.has(state)

/** The RUN item: one attempt to bring a target up (or down). */
export interface RunRecord {
  readonly id: RunId
  readonly target: TargetName
  readonly direction: Direction
  readonly work: RunWork
  readonly actor: Actor
  readonly state: RunState
  /** Starts without an orderly exit; five make the run CRASHED. */
  readonly starts: number
  /** Infrastructure faults so far. */
  readonly faults: number
  readonly firstFaultAt?: Instant
  readonly createdAt: Instant
  readonly startedAt?: Instant
  readonly finishedAt?: Instant
  readonly bundle?: Sha256
  /** Steps that this run committed. */
  readonly applied: number
  /** The step that a slice left running in the server, and how often it was left without a receipt. */
  readonly detached?: DetachedStep
  readonly failure?: Failure
  readonly notices: readonly Notice[]
}

/** What a run does; it is decided before the run's first start, and never changes. */
export type RunWork = BundleWork | RollbackWork

/** Applies what is pending of a bundle. */
export interface BundleWork {
  readonly kind: 'bundle'
  readonly object: BundleObject
}

/** Takes back whatever was applied after a receipt, the newest first. */
export interface RollbackWork {
  readonly kind: 'rollback'
  readonly wish: RollbackWish
  /** Digest of the plan that was confirmed; the run's id follows from it. */
  readonly plan: Sha256
  /** What was applied above this receipt goes; null takes everything back. */
  readonly floor: ReceiptKey | null
  /** The target's newest receipt when the plan was made: what came after it, but for this run's own, is not in the plan. */
  readonly head: ReceiptKey
}

/** How far back an operator wants to go. */
export type RollbackWish =
  /** Until this migration is the newest one that is applied. */
  | { readonly kind: 'to'; readonly migration: MigrationName }
  /** So many migrations. */
  | { readonly kind: 'steps'; readonly count: number }
  /** What this run applied. */
  | { readonly kind: 'run'; readonly run: RunId }

export interface DetachedStep {
  readonly migration: MigrationName
  /** The unit that was left; 0 for a step of one transaction. */
  readonly unit: number
  readonly times: number
}

/** What a slice tells of its run when it lets go without an end. */
export interface SliceReport {
  /** Steps that the run committed, in this and earlier slices. */
  readonly applied: number
  readonly detached?: DetachedStep
}

/** How a run ended. */
export interface RunEnd {
  readonly state: FinalRunState
  readonly applied: number
  readonly bundle?: Sha256
  /** What the target stands at from now on; a run that changed nothing of that has none. */
  readonly standing?: Sha256
  readonly failure?: Failure
  readonly notices: readonly Notice[]
}

export type LockState = 'FREE' | 'HELD' | 'PARKED' | 'FREEZING' | 'FROZEN'

/** A PostgreSQL backend; the pid alone is no identity, since pids are used again. */
export interface Backend {
  readonly pid: number
  readonly startedAt: string
}

/** The LOCK item: who may run on the target. It is never deleted, and its token only grows. */
export interface LockRecord {
  readonly target: TargetName
  readonly lockState: LockState
  readonly token: Token
  readonly revision: Revision
  readonly leaseMs: number
  readonly ownerRun?: RunId
  readonly worker?: WorkerId
  readonly heartbeatAt?: Instant
  /** For people; nothing is decided by it. */
  readonly expiresHint?: Instant
  /** True once a runner has raised the target's fence; an absent fence row is suspect from then on. */
  readonly attachedOnce: boolean
  /** The highest token that is known to have raised the fence. */
  readonly raised?: Token
  readonly phase?: string
  readonly migration?: MigrationName
  readonly backend?: Backend
  /** Why an operator froze the target, and who; only while it is FREEZING or FROZEN. */
  readonly reason?: string
  /** What the target stands at: the digest of the bundle, or of the rollback's plan, that succeeded last. */
  readonly standing?: Sha256
}

/** One process's hold on a target's lease. */
export interface Lease {
  readonly target: TargetName
  readonly run: RunId
  readonly worker: WorkerId
  readonly token: Token
  readonly leaseMs: number
  readonly attachedOnce: boolean
  readonly raised?: Token
}

/** The CHAIN item: the audit stream's last event, and how far the receipts were copied. */
export interface ChainHead {
  readonly seq: number
  readonly hash: Sha256
  readonly projected: CopiedReceipt | null
}

/** `LOST`: the database that an operator accepted has no receipt of the migration, though the one before it had. */
export type LedgerState = 'APPLIED' | 'REVERTED' | 'FAILED' | 'LOST'

/** The MIG item: what the ledger says of one migration. */
export interface LedgerEntry {
  readonly migration: MigrationName
  readonly state: LedgerState
  readonly checksum: Sha256
  readonly receipt: ReceiptKey
  readonly run: RunId
  readonly bundle: Sha256
  readonly at: Instant
  readonly durationMs: number
  readonly outOfOrder: boolean
  readonly failure?: Failure
  /** Since when a REVERTED migration may be applied again. */
  readonly releasedAt?: Instant
}

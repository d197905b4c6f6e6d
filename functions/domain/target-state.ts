import type { ReceiptKey } from './receipt.ts'
import type { Direction, Instant, MigrationName, RunId, Sha256 } from './types.ts'

/** What the target says of itself. */
export interface TargetState {
  readonly head: ReceiptKey | null
  /** In byte order of their names. */
  readonly applied: readonly AppliedMigration[]
  /** Migrations whose last committed receipt is `down`. */
  readonly reverted: readonly RevertedMigration[]
  readonly progress: readonly UnitProgress[]
}

export interface RevertedMigration {
  readonly migration: MigrationName
  readonly checksum: Sha256
  /** Of its newest `down`. */
  readonly receipt: ReceiptKey
  /** The run that took it back. */
  readonly run: RunId
}

export interface AppliedMigration {
  readonly migration: MigrationName
  readonly checksum: Sha256
  readonly receipt: ReceiptKey
  /** The run that committed it. */
  readonly run: RunId
  readonly at: Instant
}

/** How far a non-transactional step came; rows exist only until its receipt is written. */
export interface UnitProgress {
  readonly migration: MigrationName
  readonly direction: Direction
  readonly unit: number
  readonly sha256: Sha256
  readonly state: 'running' | 'done'
}

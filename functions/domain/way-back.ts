import type { ReceiptKey } from './receipt.ts'
import type { Instant, MigrationName, RunId, Sha256 } from './types.ts'

/** What a receipt keeps of a migration's way back, as it was reviewed together with the way there: a rollback needs no bundle. */
export interface WayBack {
  /** The down file; absent where the migration has none. */
  readonly down?: KeptFile
  /** The assertions that run after it. */
  readonly verify?: KeptFile
  /** Why there is no way back, as the migration's directive says. */
  readonly irreversible?: string
  /** What the bundle's certificate says of going back. */
  readonly certificate?: string
}

/** A file of a migration, kept whole. */
export interface KeptFile {
  readonly path: string
  readonly text: string
}

/** A migration that is applied, with its way back. */
export interface AppliedStep {
  readonly migration: MigrationName
  readonly checksum: Sha256
  /** Of its `up`. */
  readonly receipt: ReceiptKey
  readonly run: RunId
  readonly bundle: Sha256
  readonly at: Instant
  readonly wayBack: WayBack
}

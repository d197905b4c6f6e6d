import type { Kept, ReceiptKey } from './receipt.ts'
import type { Instant, MigrationName } from './types.ts'

/** A table of schema `lockstep_kept`: what a migration dropped, until it is taken back. */
export interface KeptTable extends Kept {
  /** Its own name, in schema `lockstep_kept`. */
  readonly name: string
  readonly migration: MigrationName
  /** The receipt that tells of it. */
  readonly receipt: ReceiptKey
  readonly at: Instant
  /** With everything that belongs to it, as it lies there. */
  readonly bytes: number
  /** True while the migration is half applied: its last record makes it whole. */
  readonly open: boolean
}

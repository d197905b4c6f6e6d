import type { Loss } from './losses.ts'
import type { MigrationName, Notice, Sha256 } from './types.ts'
import type { VerifySource } from './verify-source.ts'
import type { WayBack } from './way-back.ts'

/** What a file's leading comment lines decide. */
export interface Directives {
  /** `step`: one transaction (the default); `none`: statement by statement; `file`: the file's own blocks. */
  readonly transaction: 'step' | 'none' | 'file'
  readonly lockTimeoutMs?: number
  readonly statementTimeoutMs?: number
  /** Why there is no way back. */
  readonly irreversible?: string
  /** In an up file: what it drops is not kept; in a down file: what was kept is not put back, since the file does it itself. */
  readonly preserve?: 'none'
}

/**
 * A statement or a block of a non-transactional step.
 *
 * - `transaction`: runs inside a transaction of its own, together with its progress row (a block, or a statement that may)
 * - `alone`: PostgreSQL refuses it inside a transaction (CREATE INDEX CONCURRENTLY, VACUUM, …), so its progress is two writes
 */
export interface Unit {
  /** Counts from 0. */
  readonly index: number
  readonly kind: 'transaction' | 'alone'
  /** The text to send: a block's own BEGIN and COMMIT are blanked, so offsets hold. */
  readonly sql: string
  /** SHA-256 of `sql`: progress is resumed only where the text is the same. */
  readonly sha256: Sha256
  /** Where `sql` begins in the file, in code points. */
  readonly startCodePoint: number
  /**
   * The file's session settings that stand before this unit (`set search_path …`), to be sent first, as a message of their own:
   * a session that goes on after a crash has none of them.
   */
  readonly setup?: string
  /** What the catalog can be asked after a crash, for the statements that can be asked about. */
  readonly effect?: UnitEffect
  /** What it takes away, by the names before it runs; absent where that is nothing. */
  readonly losses?: readonly Loss[]
}

/** An effect that the catalog can prove; names as written, the schema only when the statement names it. */
export type UnitEffect =
  | { readonly kind: 'index-built'; readonly schema?: string; readonly index: string; readonly table: string }
  | { readonly kind: 'index-dropped'; readonly schema?: string; readonly index: string }
  | {
      readonly kind: 'index-rebuilt'
      readonly schema?: string
      readonly name: string
      readonly of: 'index' | 'table' | 'schema' | 'database'
    }
  | { readonly kind: 'enum-value'; readonly schema?: string; readonly type: string; readonly value: string }
  /** Interrupted, it leaves the partition attached with `pg_inherits.inhdetachpending`, which DETACH … FINALIZE ends. */
  | {
      readonly kind: 'partition-detached'
      readonly schema?: string
      readonly table: string
      readonly partitionSchema?: string
      readonly partition: string
    }
  /** Harmless to run again: VACUUM, ALTER SYSTEM, … */
  | { readonly kind: 'repeatable' }

/** How a file's SQL is sent: as one transaction with its receipt, or unit by unit with progress. */
export type StepBody =
  | {
      readonly kind: 'transaction'
      /** The file's text; what was flattened or blanked keeps its length in bytes, so offsets are the file's. */
      readonly sql: string
      /** True when the file's own BEGIN … COMMIT were flattened into the step's transaction. */
      readonly flattened: boolean
      /** What it takes away, by the names before it runs; absent where that is nothing. */
      readonly losses?: readonly Loss[]
    }
  | { readonly kind: 'units'; readonly units: readonly Unit[] }

/** Which migration a step moves: what receipts know it by, whichever way it goes. */
export interface StepMigration {
  readonly name: MigrationName
  /** Of its `migration.sql`, in both directions. */
  readonly checksum: Sha256
}

/** A migration's file, read, parsed and judged: ready to run, nothing left to find out. */
export interface StepSource {
  readonly migration: StepMigration
  readonly directives: Directives
  readonly body: StepBody
  /** The file that was compiled, for excerpts: `migration.sql`, or the down file of a rollback. */
  readonly path: string
  /** Its original text, for excerpts. */
  readonly text: string
  /** What must hold before the receipt is written. */
  readonly verify?: VerifySource
  /** For the receipt of an `up`. */
  readonly wayBack?: WayBack
  readonly notices: readonly Notice[]
}

import type { Failure } from './errors.ts'
import type { Direction, Instant, MigrationName, RunId, Sha256, Token } from './types.ts'

/** A receipt's place in a target's history: `n` counts from 1 inside the token, so a restore repeats nothing. */
export interface ReceiptKey {
  readonly token: Token
  readonly n: number
}

/**
 * Is the row in the target that proves what became of a step.
 *
 * `committed` was written in the step's own transaction (or with its last unit); `failed` in a transaction after the step was
 * rolled back, so that the failure survives whatever happens to DynamoDB.
 */
export interface Receipt {
  readonly key: ReceiptKey
  readonly migration: MigrationName
  readonly direction: Direction
  readonly outcome: 'committed' | 'failed'
  readonly attempt: number
  readonly checksum: Sha256
  /** Digest of the bundle that the migration came from. */
  readonly bundle: Sha256
  readonly run: RunId
  readonly startedAt: Instant
  readonly finishedAt: Instant
  readonly durationMs: number
  /** True when a migration that sorts later was already applied. */
  readonly outOfOrder: boolean
  readonly failure?: Failure
  /** Of an up: what was kept before it was dropped. Of a down: what was put back. Absent where that is nothing. */
  readonly kept?: readonly Kept[]
}

/** Values of dropped columns, or rows of a dropped table, that outlast the drop. */
export interface Kept {
  /** As SQL, with its schema. */
  readonly table: string
  /** Absent where the whole table was dropped. */
  readonly columns?: readonly string[]
  /** Rows that were kept, or that were put back. */
  readonly rows: number
}

/** A receipt that the ledger copied. When it was finished tells it from one of another past: both stores restored, keys come again. */
export interface CopiedReceipt extends ReceiptKey {
  readonly at: Instant
}

/** What the chain remembers of a receipt that was copied. */
export const copyOf = ({ key, finishedAt }: Receipt): CopiedReceipt => ({ ...key, at: finishedAt })

/** Orders receipts as they were committed: by token, then by `n`. */
export const compareReceiptKeys = (a: ReceiptKey, b: ReceiptKey): number => a.token - b.token || a.n - b.n

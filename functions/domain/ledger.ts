import { canonicalJson } from './canonical-json.ts'
import { compareReceiptKeys, type Receipt } from './receipt.ts'
import type { LedgerEntry } from './records.ts'
import type { TargetState } from './target-state.ts'
import type { MigrationName } from './types.ts'

/** Tells what the ledger says of a migration whose newest receipt this is. */
export function ledgerEntry(receipt: Receipt): LedgerEntry {
  return {
    migration: receipt.migration,
    state: stateAfter(receipt),
    checksum: receipt.checksum,
    receipt: receipt.key,
    run: receipt.run,
    bundle: receipt.bundle,
    at: receipt.finishedAt,
    durationMs: receipt.durationMs,
    outOfOrder: receipt.outOfOrder,
    ...(receipt.failure !== undefined && { failure: receipt.failure }),
  }
}

/** A `down` that failed leaves the migration applied; its failure is kept beside the state. */
function stateAfter({ outcome, direction }: Receipt): LedgerEntry['state'] {
  if (direction === 'up') return outcome === 'committed' ? 'APPLIED' : 'FAILED'
  return outcome === 'committed' ? 'REVERTED' : 'APPLIED'
}

/** The newest entry of each migration that the receipts tell of, given in the order of their keys. */
export function ledgerEntries(receipts: readonly Receipt[]): readonly LedgerEntry[] {
  return [...new Map(receipts.map((receipt) => [receipt.migration, ledgerEntry(receipt)])).values()]
}

/** Lists what may be applied again: released since its newest `down`, which a later one would undo. */
export function releasedIn(ledger: readonly LedgerEntry[], { reverted }: TargetState): readonly MigrationName[] {
  const downs = new Map(reverted.map(({ migration, receipt }) => [migration, receipt]))
  return ledger
    .filter(({ migration, releasedAt, receipt }) => {
      const down = downs.get(migration)
      return releasedAt !== undefined && down !== undefined && compareReceiptKeys(receipt, down) === 0
    })
    .map(({ migration }) => migration)
}

/**
 * Lists what has to be rewritten so that the ledger says what a database's receipts say: entries that differ, and, as LOST, those of
 * migrations that the database has no receipt of.
 *
 * @param receipts all of the database's, in the order of their keys
 */
export function correctLedger(ledger: readonly LedgerEntry[], receipts: readonly Receipt[]): readonly LedgerEntry[] {
  const known = new Map(ledger.map((entry) => [entry.migration, entry]))
  const right = ledgerEntries(receipts)
  const proved = new Set(right.map(({ migration }) => migration))
  const differing = right.filter((entry) => !saysTheSame(known.get(entry.migration), entry))
  const lost = ledger.filter(({ migration, state }) => state !== 'LOST' && !proved.has(migration))
  return [...differing, ...lost.map((entry): LedgerEntry => ({ ...entry, state: 'LOST' }))]
}

const saysTheSame = (known: LedgerEntry | undefined, entry: LedgerEntry): boolean =>
  known !== undefined && canonicalJson(known) === canonicalJson(entry)

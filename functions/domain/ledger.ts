import type { Receipt } from './receipt.ts'
import type { LedgerEntry } from './records.ts'

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

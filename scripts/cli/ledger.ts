import type { LedgerEntry } from '../../functions/domain/records.ts'
import type { MigrationName, TargetName } from '../../functions/domain/types.ts'
import type { AskStatus } from './ports.ts'

/** Reads a target's whole ledger, page by page, in byte order of the names. */
export async function readLedger(ask: AskStatus, target: TargetName): Promise<readonly LedgerEntry[]> {
  const ledger: LedgerEntry[] = []
  for (;;) {
    const after: MigrationName | '' = ledger.at(-1)?.migration ?? ''
    const page = await ask({ target, ledgerAfter: after })
    if (page.ledger.length === 0) return ledger
    ledger.push(...page.ledger)
  }
}

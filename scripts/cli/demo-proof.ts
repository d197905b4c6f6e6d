import pg from 'pg'
import { type Failure, LockstepError, toFailure } from '../../functions/domain/errors.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import { type AuditProof, proveAudit } from './audit-proof.ts'
import type { DemoCloud } from './demo-cloud.ts'
import { readLedger } from './ledger.ts'
import type { Output } from './output.ts'
import { table } from './table.ts'
import { count } from './units.ts'

/** What three independent places say of the same run. */
export interface DemoProof {
  /** Read from PostgreSQL itself. */
  readonly receipts: number
  /** Read from DynamoDB. */
  readonly applied: number
  readonly audit: AuditProof
}

/** Reads the receipts from PostgreSQL, and ledger and audit events from DynamoDB. */
export async function readProof(cloud: DemoCloud, target: TargetName): Promise<DemoProof> {
  const receipts = await countReceipts(cloud.databaseUrl(target))
  const ledger = await readLedger(cloud.status, target)
  const applied = ledger.filter((entry) => entry.state === 'APPLIED').length
  return { receipts, applied, audit: await proveAudit(cloud.status, target) }
}

/** Shows the proof, a line a place. */
export function showProof({ receipts, applied, audit }: DemoProof, output: Output): void {
  const rows = [
    ['PostgreSQL', `${count(receipts, 'receipt')}, each committed together with its migration`],
    ['ledger', `${count(applied, 'migration')} applied`],
    ['audit', `${count(audit.events, 'event')}, each follows the one before it; head ${audit.head.hash.slice(0, 12)}…`],
  ]
  for (const line of table(rows.map(([label = '', text = '']) => [`  ${output.paint('green', '✓')} ${label}`, text]))) {
    output.line(line)
  }
}

/** What the proof lacks, when it does not prove what was expected. */
export function flawOf({ receipts, applied, audit }: DemoProof, expected: number): Failure | undefined {
  if (audit.failure !== undefined) return audit.failure
  if (receipts === expected && applied === expected) return undefined
  const message = `expected ${expected} receipts and as many ledger entries, got ${receipts} and ${applied}`
  return toFailure(new LockstepError('INTERNAL', message))
}

const countCommitted = `
  select count(*)::int as amount
  from lockstep.receipt
  where outcome = 'committed' and direction = 'up'`

const countReceipts = async (connectionString: string): Promise<number> => {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    const { rows } = await client.query<{ amount: number }>(countCommitted)
    return rows[0]?.amount ?? 0
  } finally {
    await client.end()
  }
}

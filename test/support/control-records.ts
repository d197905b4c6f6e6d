import { randomUUID } from 'node:crypto'
import type { AuditDraft } from '../../functions/domain/audit.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import type { Receipt } from '../../functions/domain/receipt.ts'
import type { Lease, RunEnd, SliceReport } from '../../functions/domain/records.ts'
import {
  type Instant,
  instant,
  isTargetName,
  migrationName,
  type RunId,
  revision,
  runId,
  type TargetName,
  token,
  workerId,
} from '../../functions/domain/types.ts'
import type { ControlStore, LeaseClaim, NewRun } from '../../functions/engine/control-store.ts'

/** Brands a target's name. */
export function targetName(text: string): TargetName {
  if (isTargetName(text)) return text
  throw new Error(`not a target name: ${text}`)
}

/** A target that no other test knows. */
export const newTarget = (): TargetName => targetName(`shop-${randomUUID()}`)

/** The moment `seconds` after the one at which all tests begin. */
export const at = (seconds: number): Instant => instant(new Date(Date.UTC(2026, 10, 24, 10, 0, seconds)))

export const newRun = (target: TargetName, changes: Partial<NewRun> = {}): NewRun => ({
  id: runId(`r-${sha256(randomUUID()).slice(0, 24)}`),
  target,
  direction: 'up',
  work: {
    kind: 'bundle',
    object: { bucket: 'bundles', key: `bundles/${target}/0123456789ab-1.zip`, versionId: 'v1' },
  },
  actor: { kind: 'upload', principal: 'AWS:AIDAEXAMPLE', address: '192.0.2.1' },
  createdAt: at(0),
  ...changes,
})

/** Counts the start of a new run and returns the run. */
export async function startRun(
  store: ControlStore,
  target: TargetName,
  changes: Partial<NewRun> = {},
): Promise<NewRun> {
  const run = newRun(target, changes)
  await store.countStart(run)
  return run
}

/** The report of a slice that committed nothing. */
export const nothingYet: SliceReport = { applied: 0 }

export const draftOf = (run: RunId, changes: Partial<AuditDraft> = {}): AuditDraft => ({
  type: 'run.started',
  at: at(1),
  run,
  actor: 'AWS:AIDAEXAMPLE from 192.0.2.1',
  data: {},
  ...changes,
})

/** A claim of a run by a worker that no other claim has. */
export const claimOf = (
  { target, id }: Pick<NewRun, 'target' | 'id'>,
  changes: Partial<LeaseClaim> = {},
): LeaseClaim => ({
  target,
  run: id,
  worker: workerId(randomUUID()),
  revision: revision(randomUUID()),
  leaseMs: 30_000,
  at: at(1),
  events: [draftOf(id)],
  ...changes,
})

/** Acquires the lease of a run's target, which has to be free. */
export async function leaseFor(store: ControlStore, run: NewRun, changes: Partial<LeaseClaim> = {}): Promise<Lease> {
  const attempt = await store.acquire(claimOf(run, changes))
  if (attempt.granted) return attempt.lease
  throw new Error(`the lease is held: ${JSON.stringify(attempt.holder)}`)
}

/** A committed `up` of a migration. */
export const receiptOf = (run: RunId, n: number, changes: Partial<Receipt> = {}): Receipt => ({
  key: { token: token(1), n },
  migration: migrationName(`2026112410${String(n).padStart(4, '0')}_add_table_${n}`),
  direction: 'up',
  outcome: 'committed',
  attempt: 1,
  checksum: sha256(`migration ${n}`),
  bundle: sha256('bundle'),
  run,
  startedAt: at(n),
  finishedAt: at(n),
  durationMs: 12.5,
  outOfOrder: false,
  ...changes,
})

/** The event that a projector writes for a receipt. */
export const eventOf = (receipt: Receipt): AuditDraft => ({
  type: 'migration.applied',
  at: receipt.finishedAt,
  run: receipt.run,
  actor: 'AWS:AIDAEXAMPLE from 192.0.2.1',
  token: receipt.key.token,
  data: { migration: receipt.migration, n: receipt.key.n, checksum: receipt.checksum, bundle: receipt.bundle },
})

export const endOf = (changes: Partial<RunEnd> = {}): RunEnd => ({
  state: 'SUCCEEDED',
  applied: 0,
  notices: [],
  ...changes,
})

/** All that a store tells of a target. */
export async function observe(store: ControlStore, target: TargetName) {
  const [lock, chain, runs, ledger, events] = await Promise.all([
    store.readLock(target),
    store.readChain(target),
    store.latestRuns(target, 100),
    store.readLedger(target),
    store.readAudit(target, 0, 1_000),
  ])
  return { lock, chain, runs, ledger, events }
}

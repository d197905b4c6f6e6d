import { isDeepStrictEqual } from 'node:util'
import type { AuditEvent } from '../../functions/domain/audit.ts'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import { copyOf, type Receipt } from '../../functions/domain/receipt.ts'
import type { RunId, TargetName } from '../../functions/domain/types.ts'
import type { ControlStore } from '../../functions/engine/control-store.ts'
import type { Evidence } from './crash-world.ts'

const mostEvents = 10_000

/** What the control table says in the end, without anything that a crash may rightly change (times, tokens, attempts). */
export async function controlEvidence(
  control: ControlStore,
  target: TargetName,
  { runs, receipts }: { readonly runs: readonly RunId[]; readonly receipts: readonly Receipt[] },
) {
  // By the order of its act: the id is made of the target's name, or of receipt keys that a crash may rightly change.
  const nameOf = (run: RunId): string => `run ${runs.indexOf(run) + 1}`
  const chain = await control.readChain(target)
  const events = await control.readAudit(target, 0, mostEvents)
  const ledger = await control.readLedger(target)
  const records = await Promise.all(runs.map((run) => control.readRun(target, run)))
  return {
    receipts: receipts.map((receipt) => `${showReceipt(receipt)} ${nameOf(receipt.run)}`),
    ledger: ledger.map(
      ({ migration, state, checksum, run, releasedAt }) =>
        `${migration} ${state} ${checksum} ${nameOf(run)}${releasedAt === undefined ? '' : ' released'}`,
    ),
    told: events.filter(({ type }) => tellsOnce.has(type)).map((event) => `${nameOf(event.run)} ${showEvent(event)}`),
    runs: records.map((run) => `${run?.state} ${run?.failure?.code} detached ${run?.detached}`),
    chainIsIntact: verifyChain(events, chain).intact,
    tokensGrow: grow(events.filter(({ type }) => claims.has(type)).map((event) => event.token ?? 0)),
    isAllProjected: isDeepStrictEqual(chain.projected, receipts.map(copyOf).at(-1) ?? null),
    lockState: (await control.readLock(target))?.lockState ?? 'absent',
  } satisfies Partial<Evidence>
}

const tellsOnce: ReadonlySet<string> = new Set([
  'migration.applied',
  'migration.reverted',
  'migration.failed',
  'migration.released',
  'run.finished',
])
const claims: ReadonlySet<string> = new Set(['run.started', 'run.resumed', 'run.took-over'])

const showReceipt = ({ migration, direction, outcome, checksum, outOfOrder, failure }: Receipt): string =>
  `${migration} ${direction} ${outcome} ${checksum} ${outOfOrder} ${failure?.code}`

const showEvent = ({ type, data }: AuditEvent): string => `${type} ${data.migration ?? data.migrations ?? data.state}`

const grow = (tokens: readonly number[]): boolean =>
  tokens.every((token, index) => index === 0 || token > (tokens[index - 1] ?? 0))

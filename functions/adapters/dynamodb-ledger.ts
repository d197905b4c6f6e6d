import { isDeepStrictEqual } from 'node:util'
import { LockstepError } from '../domain/errors.ts'
import { ledgerEntries } from '../domain/ledger.ts'
import { copyOf } from '../domain/receipt.ts'
import type { ChainHead, LedgerEntry } from '../domain/records.ts'
import type { TargetName } from '../domain/types.ts'
import { type ControlStore, maxReceipts, type Projection } from '../engine/control-store.ts'
import { type ControlTables, chainWrites, readChain, readMovedChain } from './dynamodb-chain.ts'
import { putOf } from './dynamodb-expressions.ts'
import { entryItem, eventKey, migrationPrefix, partition, toChainHead, toEntry, toEvent } from './dynamodb-items.ts'
import type { NamedWrite } from './dynamodb-requests.ts'

type LedgerOperations = 'readChain' | 'project' | 'readLedger' | 'readAudit'

/** The projection of receipts into the ledger and the audit stream, and the reading of both. */
export const ledgerOperations = (tables: ControlTables): Pick<ControlStore, LedgerOperations> => ({
  readChain: (target) => readChain(tables, target),
  project: (projection) => project(tables, projection),
  async readLedger(target) {
    const query = {
      TableName: tables.controlTable,
      KeyConditionExpression: 'pk = :partition and begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':partition': { S: partition(target) }, ':prefix': { S: migrationPrefix } },
    }
    return (await tables.requests.query(query)).map(toEntry)
  },
  async readAudit(target, after, limit) {
    const query = {
      TableName: tables.auditTable,
      KeyConditionExpression: 'pk = :partition and sk > :after',
      ExpressionAttributeValues: {
        ':partition': { S: partition(target) },
        ':after': { S: eventKey(target, after).sk },
      },
    }
    return (await tables.requests.query(query, limit)).map(toEvent)
  },
})

/**
 * Copies receipts: one MIG item a migration (its newest receipt), one event each, in the transaction that moves CHAIN.
 *
 * A lost answer shows itself: CHAIN then is exactly what this write makes of it, down to the hash over its events.
 */
async function project(tables: ControlTables, projection: Projection): Promise<ChainHead | 'moved'> {
  const { target, seen, receipts, events, releases = [] } = projection
  refuseTooMany(projection)
  const newest = receipts.at(-1)
  const projected = newest === undefined ? seen.projected : copyOf(newest)
  const { writes, head } = chainWrites(tables, { target, seen, next: { projected }, events })
  const entries = [...ledgerEntries(receipts), ...releases].map(
    (entry): NamedWrite => ({ name: 'entry', Put: putOf(tables.controlTable, entryItem(target, entry)) }),
  )
  const refused = await tables.requests.transact(tables.controlTable, [...writes, ...entries])
  if (refused === undefined) return head
  const found = refused.get('chain')
  const chain = found === undefined ? await readMovedChain(tables, target, seen) : toChainHead(found)
  return isDeepStrictEqual(chain, head) ? head : 'moved'
}

interface Rewriting {
  readonly target: TargetName
  readonly seen: ChainHead
  readonly entries: readonly LedgerEntry[]
}

/** Puts entries as they are, if the chain is as seen: who read it before others went on has read another past. */
export async function rewriteLedger(
  tables: ControlTables,
  { target, seen, entries }: Rewriting,
): Promise<'done' | 'moved'> {
  const { writes } = chainWrites(tables, { target, seen, next: seen, events: [] })
  const puts = entries.map(
    (entry): NamedWrite => ({ name: 'entry', Put: putOf(tables.controlTable, entryItem(target, entry)) }),
  )
  const refused = await tables.requests.transact(tables.controlTable, [...writes, ...puts])
  return refused === undefined ? 'done' : 'moved'
}

function refuseTooMany({ target, receipts, events }: Projection): void {
  if (receipts.length <= maxReceipts && events.length <= maxReceipts) return
  const message = `${receipts.length} receipts and ${events.length} events of ${target} at once, at most ${maxReceipts} are allowed`
  throw new LockstepError('INTERNAL', message)
}

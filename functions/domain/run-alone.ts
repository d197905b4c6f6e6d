import { isTrue, listAt, nodeAt, type SqlNode, textAt } from './sql-node.ts'
import { findOption, isOn, optionValue } from './sql-options.ts'
import type { Statement } from './statements.ts'

type Rule = (fields: SqlNode) => string | undefined

/**
 * Names the kind of a statement that PostgreSQL 15 to 18 refuse inside a transaction block (SQLSTATE 25001), or undefined.
 *
 * The list is that of the server's own `PreventInTransactionBlock` calls, as far as the text alone can tell; REINDEX and CLUSTER
 * of a *partitioned* table are refused too, but only the catalog knows which table is one.
 */
export const runsAlone = ({ kind, fields }: Statement): string | undefined =>
  Object.hasOwn(rules, kind) ? rules[kind]?.(fields) : undefined

const when = (condition: boolean, name: string): string | undefined => (condition ? name : undefined)

const rules: Readonly<Record<string, Rule>> = {
  IndexStmt: (fields) => when(isTrue(fields, 'concurrent'), 'CREATE INDEX CONCURRENTLY'),
  DropStmt: (fields) => when(isTrue(fields, 'concurrent'), 'DROP INDEX CONCURRENTLY'),
  ReindexStmt: (fields) => reindex(fields),
  VacuumStmt: (fields) => when(isTrue(fields, 'is_vacuumcmd'), 'VACUUM'),
  ClusterStmt: (fields) => when(nodeAt(fields, 'relation') === undefined, 'CLUSTER without a table'),
  AlterTableStmt: (fields) => when(detachment(fields) !== undefined, 'DETACH PARTITION CONCURRENTLY'),
  AlterSystemStmt: () => 'ALTER SYSTEM',
  CreatedbStmt: () => 'CREATE DATABASE',
  DropdbStmt: () => 'DROP DATABASE',
  AlterDatabaseStmt: (fields) =>
    when(findOption(fields, 'options', 'tablespace') !== undefined, 'ALTER DATABASE … SET TABLESPACE'),
  CreateTableSpaceStmt: () => 'CREATE TABLESPACE',
  DropTableSpaceStmt: () => 'DROP TABLESPACE',
  CreateSubscriptionStmt: (fields) => when(createsSlot(fields), 'CREATE SUBSCRIPTION with a replication slot'),
  AlterSubscriptionStmt: (fields) => alterSubscription(fields),
  // Whether it has a replication slot, only the catalog knows; alone it runs in either case.
  DropSubscriptionStmt: () => 'DROP SUBSCRIPTION',
}

const manyTables: ReadonlySet<string> = new Set([
  'REINDEX_OBJECT_SCHEMA',
  'REINDEX_OBJECT_SYSTEM',
  'REINDEX_OBJECT_DATABASE',
])

const reindex: Rule = (fields) => {
  if (isConcurrentReindex(fields)) return 'REINDEX CONCURRENTLY'
  return when(manyTables.has(textAt(fields, 'kind') ?? ''), 'REINDEX of more than one table')
}

/** Tells whether a REINDEX (its fields) is CONCURRENTLY, in either of its two spellings. */
export const isConcurrentReindex = (fields: SqlNode): boolean => {
  const option = findOption(fields, 'params', 'concurrently')
  return option !== undefined && isOn(option)
}

/** Finds the DETACH PARTITION … CONCURRENTLY of an ALTER TABLE (its fields). */
export const detachment = (fields: SqlNode): SqlNode | undefined =>
  listAt(fields, 'cmds')
    .map((command) => nodeAt(nodeAt(nodeAt(command, 'AlterTableCmd') ?? {}, 'def') ?? {}, 'PartitionCmd'))
    .find((partition) => partition !== undefined && isTrue(partition, 'concurrent'))

const createsSlot = (fields: SqlNode): boolean => {
  const option = findOption(fields, 'options', 'create_slot') ?? findOption(fields, 'options', 'connect')
  return option === undefined || isOn(option)
}

const alterSubscription: Rule = (fields) => {
  const kind = textAt(fields, 'kind') ?? ''
  if (kind === 'ALTER_SUBSCRIPTION_OPTIONS') return alterSubscriptionOptions(fields)
  if (kind !== 'ALTER_SUBSCRIPTION_REFRESH' && !kind.endsWith('_PUBLICATION')) return undefined
  const refresh = findOption(fields, 'options', 'refresh')
  return when(refresh === undefined || isOn(refresh), 'ALTER SUBSCRIPTION with refresh')
}

const alterSubscriptionOptions: Rule = (fields) =>
  when(
    ['two_phase', 'failover'].some((name) => findOption(fields, 'options', name) !== undefined),
    'ALTER SUBSCRIPTION … SET (two_phase or failover)',
  )

/** Words without which no procedural code can end a transaction. */
const endsTransactions = /\b(?:commit|rollback|call)\b/i

/**
 * Tells whether a statement may need to run outside a transaction block, which the text alone can't tell: CALL, and DO with COMMIT
 * inside (batched backfills; 2D000 in a block), REINDEX and CLUSTER (25001 when the table is partitioned).
 *
 * Asked only where a file runs as units. The body of a DO is a string to the parser, so its words decide; a word too many costs a
 * unit its atomic progress, nothing else.
 */
export const mayRunAlone = ({ kind, fields }: Statement): boolean => {
  if (kind === 'CallStmt' || kind === 'ReindexStmt' || kind === 'ClusterStmt') return true
  if (kind !== 'DoStmt') return false
  const body = findOption(fields, 'args', 'as')
  return body !== undefined && endsTransactions.test(optionValue(body) ?? '')
}

import { detachment, isConcurrentReindex } from './run-alone.ts'
import { isTrue, listAt, nodeAt, qualifiedName, relationName, type SqlNode, textAt } from './sql-node.ts'
import { findOption } from './sql-options.ts'
import type { Statement } from './statements.ts'
import type { UnitEffect } from './step-source.ts'

type Rule = (fields: SqlNode) => UnitEffect | undefined

/**
 * Tells what the catalog can be asked after a crash in the middle of a statement; undefined where nothing can be asked.
 *
 * Only statements that leave something behind when they are cut off need one, and ALTER TYPE … ADD VALUE.
 */
export const effectOf = ({ kind, fields }: Statement): UnitEffect | undefined =>
  Object.hasOwn(rules, kind) ? rules[kind]?.(fields) : undefined

const repeatable: UnitEffect = { kind: 'repeatable' }

/** With IF EXISTS, a second run finds nothing to do. */
const repeatableIfMissingOk: Rule = (fields) => (isTrue(fields, 'missing_ok') ? repeatable : undefined)

const rules: Readonly<Record<string, Rule>> = {
  IndexStmt: (fields) => indexBuilt(fields),
  DropStmt: (fields) => indexDropped(fields),
  ReindexStmt: (fields) => (isConcurrentReindex(fields) ? indexRebuilt(fields) : repeatable),
  AlterTableStmt: (fields) => partitionDetached(fields),
  AlterEnumStmt: (fields) => enumValue(fields),
  VacuumStmt: () => repeatable,
  ClusterStmt: () => repeatable,
  AlterSystemStmt: () => repeatable,
  AlterDatabaseStmt: (fields) => (findOption(fields, 'options', 'tablespace') ? repeatable : undefined),
  DropdbStmt: repeatableIfMissingOk,
  DropTableSpaceStmt: repeatableIfMissingOk,
  DropSubscriptionStmt: repeatableIfMissingOk,
  AlterSubscriptionStmt: (fields) => alterSubscription(fields),
}

/** An index without a name gets one from PostgreSQL, which nobody can ask for afterwards. */
const indexBuilt: Rule = (fields) => {
  const index = textAt(fields, 'idxname')
  const table = relationName(nodeAt(fields, 'relation'))
  if (!isTrue(fields, 'concurrent') || index === undefined || table === undefined) return undefined
  return { kind: 'index-built', ...schemaOf(table), index, table: table.name }
}

const indexDropped: Rule = (fields) => {
  const name = qualifiedName(listAt(nodeAt(listAt(fields, 'objects')[0] ?? {}, 'List') ?? {}, 'items'))
  if (!isTrue(fields, 'concurrent') || name === undefined) return undefined
  return { kind: 'index-dropped', ...schemaOf(name), index: name.name }
}

const rebuiltKinds = {
  REINDEX_OBJECT_INDEX: 'index',
  REINDEX_OBJECT_TABLE: 'table',
  REINDEX_OBJECT_SCHEMA: 'schema',
  REINDEX_OBJECT_DATABASE: 'database',
} as const

const isRebuilt = (kind: string): kind is keyof typeof rebuiltKinds => Object.hasOwn(rebuiltKinds, kind)

const indexRebuilt: Rule = (fields) => {
  const kind = textAt(fields, 'kind') ?? ''
  const name = relationName(nodeAt(fields, 'relation'))
  const bare = textAt(fields, 'name')
  if (!isRebuilt(kind)) return undefined
  if (name !== undefined) return { kind: 'index-rebuilt', ...schemaOf(name), name: name.name, of: rebuiltKinds[kind] }
  return bare === undefined ? undefined : { kind: 'index-rebuilt', name: bare, of: rebuiltKinds[kind] }
}

const partitionDetached: Rule = (fields) => {
  const table = relationName(nodeAt(fields, 'relation'))
  const partition = relationName(nodeAt(detachment(fields) ?? {}, 'name'))
  if (table === undefined || partition === undefined) return undefined
  const { schema: partitionSchema } = partition
  return {
    kind: 'partition-detached',
    ...schemaOf(table),
    table: table.name,
    ...(partitionSchema !== undefined && { partitionSchema }),
    partition: partition.name,
  }
}

const enumValue: Rule = (fields) => {
  const type = qualifiedName(listAt(fields, 'typeName'))
  const value = textAt(fields, 'newVal')
  if (type === undefined || value === undefined || textAt(fields, 'oldVal') !== undefined) return undefined
  return { kind: 'enum-value', ...schemaOf(type), type: type.name, value }
}

/** Adding or dropping a publication twice is an error; setting or refreshing is not. */
const alterSubscription: Rule = (fields) =>
  /_(?:ADD|DROP)_PUBLICATION$/.test(textAt(fields, 'kind') ?? '') ? undefined : repeatable

const schemaOf = ({ schema }: { readonly schema?: string }) => (schema === undefined ? {} : { schema })

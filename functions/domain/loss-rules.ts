import { followAlterTable } from './column-losses.ts'
import { type Following, type FoundLoss, otherLoss } from './found-loss.ts'
import { rowLossesOf } from './row-losses.ts'
import { showIdentifier, showName } from './show-name.ts'
import {
  constantOf,
  isTrue,
  listAt,
  nodeAt,
  type QualifiedName,
  qualifiedName,
  relationName,
  type SqlNode,
  stringOf,
  textAt,
} from './sql-node.ts'
import type { Statement } from './statements.ts'
import type { TableNames } from './table-names.ts'

type Rule = (fields: SqlNode, following: Following) => void

/** Reads one statement: adds what it takes away to `found`, and its new names to `names`. */
export const followLosses = (statement: Statement, following: Following): void => {
  const { kind, fields } = statement
  for (const { does, table } of rowLossesOf(statement)) {
    for (const each of following.names.find(table)) {
      if (each.origin) following.found.push({ loss: otherLoss(`${does} ${showName(each.origin)}`), table: each })
    }
  }
  if (Object.hasOwn(rules, kind)) rules[kind]?.(fields, following)
}

const rules: Readonly<Record<string, Rule>> = {
  DropStmt: (fields, following) => dropped(fields, following),
  DropOwnedStmt: (fields, { found }) => {
    const roles = listAt(fields, 'roles').map((role) => textAt(nodeAt(role, 'RoleSpec') ?? {}, 'rolename') ?? '')
    found.push({ loss: otherLoss(`drops what ${roles.map(showIdentifier).join(', ')} owns`) })
  },
  DropdbStmt: (fields, { found }) => {
    found.push({ loss: otherLoss(`drops database ${showIdentifier(textAt(fields, 'dbname') ?? '')}`) })
  },
  AlterTableStmt: (fields, following) => followAlterTable(fields, following),
  RenameStmt: (fields, { names }) => renamed(fields, names),
  AlterObjectSchemaStmt: (fields, { names }) => {
    const table = relationName(nodeAt(fields, 'relation'))
    const to = textAt(fields, 'newschema')
    if (textAt(fields, 'objectType') === 'OBJECT_TABLE' && table && to !== undefined) names.move(table, to)
  },
  CreateStmt: (fields, { names }) => made(nodeAt(fields, 'relation'), fields, names),
  CreateTableAsStmt: (fields, { names }) => made(nodeAt(nodeAt(fields, 'into') ?? {}, 'rel'), fields, names),
  SelectStmt: (fields, { names }) => made(nodeAt(nodeAt(fields, 'intoClause') ?? {}, 'rel'), fields, names),
  CreateSchemaStmt: (fields, { names }) => schemaMade(fields, names),
  VariableSetStmt: (fields, { names }) => pathSet(fields, names),
}

/** What takes columns, or whole tables, along when it is dropped with CASCADE. */
const cascading: ReadonlyMap<string | undefined, string> = new Map([
  ['OBJECT_TYPE', 'type'],
  ['OBJECT_DOMAIN', 'domain'],
  ['OBJECT_SCHEMA', 'schema'],
  ['OBJECT_EXTENSION', 'extension'],
  ['OBJECT_COLLATION', 'collation'],
])

const dropped: Rule = (fields, { names, found }) => {
  const objects = listAt(fields, 'objects').flatMap((object) => objectName(object) ?? [])
  if (textAt(fields, 'removeType') === 'OBJECT_TABLE') {
    for (const name of objects) found.push(...tableDropped(name, names))
    return
  }
  const what = cascading.get(textAt(fields, 'removeType'))
  if (what === undefined || textAt(fields, 'behavior') !== 'DROP_CASCADE') return
  for (const name of objects) found.push({ loss: otherLoss(`drops ${what} ${showName(name)} cascade`) })
}

const tableDropped = (name: QualifiedName, names: TableNames): readonly FoundLoss[] => {
  const tables = names.find(name)
  names.forget(name)
  return tables.flatMap((table) => {
    if (!table.origin) return []
    const { name: origin, ...schema } = table.origin
    return [{ loss: { kind: 'table', ...schema, table: origin }, table }]
  })
}

/** The three ways in which the parser says a name. */
const objectName = (object: SqlNode): QualifiedName | undefined => {
  const bare = stringOf(object)
  if (bare !== undefined) return { name: bare }
  const type = nodeAt(object, 'TypeName')
  return qualifiedName(type ? listAt(type, 'names') : listAt(nodeAt(object, 'List') ?? {}, 'items'))
}

const renamed = (fields: SqlNode, names: TableNames): void => {
  const table = relationName(nodeAt(fields, 'relation'))
  const from = textAt(fields, 'subname')
  const to = textAt(fields, 'newname') ?? ''
  const what = textAt(fields, 'renameType')
  if (what === 'OBJECT_TABLE' && table) names.rename(table, to)
  if (what === 'OBJECT_SCHEMA' && from !== undefined) names.renameSchema(from, to)
  if (what === 'OBJECT_COLUMN' && table && from !== undefined) {
    for (const each of names.find(table)) each.renameColumn(from, to)
  }
}

/** IF NOT EXISTS tells nothing: the table may have been there before. */
const made = (relation: SqlNode | undefined, fields: SqlNode, names: TableNames): void => {
  const table = relationName(relation)
  if (table !== undefined && !isTrue(fields, 'if_not_exists')) names.add(table)
}

const schemaMade = (fields: SqlNode, names: TableNames): void => {
  const schema = textAt(fields, 'schemaname')
  if (schema === undefined || isTrue(fields, 'if_not_exists')) return
  for (const element of listAt(fields, 'schemaElts')) {
    const table = relationName(nodeAt(nodeAt(element, 'CreateStmt') ?? {}, 'relation'))
    if (table !== undefined) names.add({ schema, ...table })
  }
}

const pathSet = (fields: SqlNode, names: TableNames): void => {
  const kind = textAt(fields, 'kind')
  const isPath = textAt(fields, 'name')?.toLowerCase() === 'search_path'
  if (kind === 'VAR_RESET_ALL' || (isPath && kind !== 'VAR_SET_VALUE')) names.setPath(undefined)
  if (isPath && kind === 'VAR_SET_VALUE')
    names.setPath(listAt(fields, 'args').flatMap((value) => constantOf(value) || []))
}

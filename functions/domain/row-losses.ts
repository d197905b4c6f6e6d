import { listAt, nodeAt, type QualifiedName, relationName, type SqlNode, textAt, visitNodes } from './sql-node.ts'
import type { Statement } from './statements.ts'

/** A statement that takes rows, or values of rows, away. */
export interface RowLoss {
  readonly does: 'deletes rows of' | 'updates rows of' | 'truncates'
  readonly table: QualifiedName
}

/** Statements that run a query now; a rule or a function only holds one for later. */
const queries: ReadonlySet<string> = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'CreateTableAsStmt',
  'CopyStmt',
  'ExplainStmt',
])

/** Finds what a statement does to rows that are there, also in a WITH, an ON CONFLICT and a MERGE. */
export const rowLossesOf = ({ kind, fields }: Statement): readonly RowLoss[] => {
  if (kind === 'TruncateStmt') return truncated(fields)
  if (!queries.has(kind)) return []
  const losses: RowLoss[] = []
  visitNodes({ [kind]: fields }, (each, inner) => {
    const table = relationName(nodeAt(inner, 'relation'))
    if (table !== undefined) losses.push(...effectsOf(each, inner).map((does) => ({ does, table })))
  })
  return losses
}

const truncated = (fields: SqlNode): readonly RowLoss[] =>
  listAt(fields, 'relations').flatMap((relation) => {
    const table = relationName(nodeAt(relation, 'RangeVar'))
    return table === undefined ? [] : [{ does: 'truncates' as const, table }]
  })

const effectsOf = (kind: string, fields: SqlNode): readonly RowLoss['does'][] => {
  switch (kind) {
    case 'DeleteStmt':
      return ['deletes rows of']
    case 'UpdateStmt':
      return ['updates rows of']
    case 'InsertStmt':
      return textAt(nodeAt(fields, 'onConflictClause') ?? {}, 'action') === 'ONCONFLICT_UPDATE'
        ? ['updates rows of']
        : []
    case 'MergeStmt':
      return merges(fields)
    default:
      return []
  }
}

const mergeEffects: ReadonlyMap<string | undefined, RowLoss['does']> = new Map([
  ['CMD_DELETE', 'deletes rows of'],
  ['CMD_UPDATE', 'updates rows of'],
])

const merges = (fields: SqlNode): readonly RowLoss['does'][] => {
  const commands = listAt(fields, 'mergeWhenClauses').map((clause) =>
    textAt(nodeAt(clause, 'MergeWhenClause') ?? {}, 'commandType'),
  )
  return [...new Set(commands)].flatMap((command) => mergeEffects.get(command) ?? [])
}

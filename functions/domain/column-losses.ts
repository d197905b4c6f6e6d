import { type Following, otherLoss } from './found-loss.ts'
import { showName } from './show-name.ts'
import { isTrue, listAt, nodeAt, type QualifiedName, relationName, type SqlNode, textAt } from './sql-node.ts'

/**
 * Reads an ALTER TABLE: its dropped columns and changed types are losses, its added columns are the file's own.
 *
 * Foreign tables and views have no rows of their own. That ALTER TABLE takes them too, only the catalog tells.
 */
export const followAlterTable = (fields: SqlNode, following: Following): void => {
  const name = relationName(nodeAt(fields, 'relation'))
  const commands = listAt(fields, 'cmds').map((command) => nodeAt(command, 'AlterTableCmd') ?? {})
  if (name === undefined) return
  if (textAt(fields, 'objtype') === 'OBJECT_TYPE') typeAltered(name, commands, following)
  if (textAt(fields, 'objtype') !== 'OBJECT_TABLE') return
  // PostgreSQL drops before it alters and adds, wherever in the list the DROP stands
  for (const command of commands) columnDropped(name, command, following)
  for (const command of commands) columnAltered(name, command, following)
}

const drops = 'AT_DropColumn'
const retypes = 'AT_AlterColumnType'

const typeAltered = (name: QualifiedName, commands: readonly SqlNode[], { found }: Following): void => {
  for (const command of commands) {
    const attribute = showName(name, textAt(command, 'name'))
    if (isA(command, drops)) found.push({ loss: otherLoss(`drops attribute ${attribute}`) })
    if (isA(command, retypes)) found.push({ loss: otherLoss(`changes the type of attribute ${attribute}`) })
  }
}

const columnDropped = (name: QualifiedName, command: SqlNode, { names, found }: Following): void => {
  if (!isA(command, drops)) return
  for (const table of names.find(name)) {
    const column = table.columnBefore(textAt(command, 'name') ?? '')
    table.dropColumn(textAt(command, 'name') ?? '')
    if (!table.origin || column === undefined) continue
    const { name: origin, ...schema } = table.origin
    found.push({ loss: { kind: 'column', ...schema, table: origin, column }, table })
  }
}

const columnAltered = (name: QualifiedName, command: SqlNode, { names, found }: Following): void => {
  const added = textAt(nodeAt(nodeAt(command, 'def') ?? {}, 'ColumnDef') ?? {}, 'colname')
  for (const table of names.find(name)) {
    // IF NOT EXISTS tells nothing: the column may have been there before
    if (isA(command, 'AT_AddColumn') && added !== undefined && !isTrue(command, 'missing_ok')) table.addColumn(added)
    const column = table.columnBefore(textAt(command, 'name') ?? '')
    if (!isA(command, retypes) || !table.origin || column === undefined) continue
    found.push({ loss: otherLoss(`changes the type of ${showName(table.origin, column)}`), table })
  }
}

const isA = (command: SqlNode, subtype: string): boolean => textAt(command, 'subtype') === subtype

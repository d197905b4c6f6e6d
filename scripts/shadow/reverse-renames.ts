import { type Client, escapeIdentifier, escapeLiteral } from 'pg'
import { listAt, nodeAt, qualifiedName, relationName, type SqlNode, textAt } from '../../functions/domain/sql-node.ts'
import type { Statement } from '../../functions/domain/statements.ts'

/** A rename that a migration does, and the statement that takes it back. */
interface RenamePair {
  readonly there: string
  readonly back: string
}

/**
 * Words the renames of a migration the other way round, the last one first. A difference of schemas does not show a rename: it
 * would drop what has the new name, with all that is in it.
 *
 * @returns undefined when there is one that no statement of ours can take back
 */
export function renamesOf(statements: readonly Statement[]): readonly RenamePair[] | undefined {
  const pairs = statements.filter(isRename).map(pairOf)
  return pairs.every((pair) => pair !== undefined) ? pairs.reverse() : undefined
}

const isRename = ({ kind, fields }: Statement): boolean =>
  kind === 'RenameStmt' || (kind === 'AlterEnumStmt' && textAt(fields, 'oldVal') !== undefined)

const relationWords: Readonly<Record<string, string>> = {
  OBJECT_TABLE: 'table',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'materialized view',
  OBJECT_INDEX: 'index',
  OBJECT_SEQUENCE: 'sequence',
}

const pairOf = ({ kind, fields }: Statement): RenamePair | undefined => {
  if (kind === 'AlterEnumStmt') return enumPair(fields)
  const [type, to, from] = [textAt(fields, 'renameType') ?? '', textAt(fields, 'newname'), textAt(fields, 'subname')]
  const relation = relationName(nodeAt(fields, 'relation'))
  if (relation === undefined || to === undefined) return undefined
  if (type === 'OBJECT_COLUMN' && from !== undefined) return partPair('column', relation, { from, to })
  if (type === 'OBJECT_TABCONSTRAINT' && from !== undefined) return partPair('constraint', relation, { from, to })
  const word = relationWords[type]
  if (word === undefined) return undefined
  const there = `alter ${word} ${showName(relation)} rename to ${escapeIdentifier(to)}`
  return {
    there,
    back: `alter ${word} ${showName({ ...relation, name: to })} rename to ${escapeIdentifier(relation.name)}`,
  }
}

type Name = NonNullable<ReturnType<typeof relationName>>

const showName = ({ schema, name }: Name): string =>
  schema === undefined ? escapeIdentifier(name) : `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`

const partPair = (
  word: string,
  relation: Name,
  { from, to }: { readonly from: string; readonly to: string },
): RenamePair => {
  const rename = (old: string, next: string): string =>
    `alter table ${showName(relation)} rename ${word} ${escapeIdentifier(old)} to ${escapeIdentifier(next)}`
  return { there: rename(from, to), back: rename(to, from) }
}

const enumPair = (fields: SqlNode): RenamePair | undefined => {
  const [from, to] = [textAt(fields, 'oldVal'), textAt(fields, 'newVal')]
  const name = qualifiedName(listAt(fields, 'typeName'))
  if (from === undefined || to === undefined || name === undefined) return undefined
  const rename = (old: string, next: string): string =>
    `alter type ${showName(name)} rename value ${escapeLiteral(old)} to ${escapeLiteral(next)}`
  return { there: rename(from, to), back: rename(to, from) }
}

/** Does something while a migration's renames are taken back, and does them again. */
export async function withoutRenames<T>(
  client: Client,
  renames: readonly RenamePair[],
  act: () => Promise<T>,
): Promise<T> {
  await inTransaction(
    client,
    renames.map(({ back }) => back),
  )
  const result = await act()
  await inTransaction(client, renames.map(({ there }) => there).reverse())
  return result
}

const inTransaction = async (client: Client, statements: readonly string[]): Promise<void> => {
  if (statements.length > 0)
    await client.query(`begin; ${statements.join('; ')}; commit`).catch(async (error: unknown) => {
      await client.query('rollback')
      throw error
    })
}

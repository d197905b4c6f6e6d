import {
  constantOf,
  listAt,
  type QualifiedName,
  qualifiedName,
  type SqlNode,
  stringOf,
  textAt,
  visitNodes,
} from './sql-node.ts'
import { findOption, optionValue } from './sql-options.ts'
import type { Statement } from './statements.ts'

/** An enum value that a file adds, the type it is added to, and the first later statement that seems to use it. */
export interface EnumValueUse {
  readonly value: string
  readonly use: Statement
}

/**
 * Finds a value of ALTER TYPE … ADD VALUE that the same file uses later, which PostgreSQL refuses in one transaction (55P04).
 *
 * A use is a later constant of the same text, or a body of DO or of a function in SQL that quotes it (one in PL/pgSQL is only read
 * when it is called). Which type a constant has only the server knows, so an equal text of another type counts too: the file then
 * runs as units, which is safe but not atomic. A type that the file itself created before is no obstacle.
 */
export const enumValueUsedAtOnce = (statements: readonly Statement[]): EnumValueUse | undefined => {
  for (const [index, statement] of statements.entries()) {
    const value = addedValue(statement)
    if (value === undefined || isCreatedIn(statements.slice(0, index), statement)) continue
    const use = statements.slice(index + 1).find((later) => uses(later, value))
    if (use) return { value, use }
  }
  return undefined
}

/** The value that ALTER TYPE … ADD VALUE adds; undefined for RENAME VALUE and every other statement. */
export const addedValue = ({ kind, fields }: Statement): string | undefined =>
  kind === 'AlterEnumStmt' && textAt(fields, 'oldVal') === undefined ? textAt(fields, 'newVal') : undefined

const isCreatedIn = (earlier: readonly Statement[], { fields }: Statement): boolean => {
  const type = qualifiedName(listAt(fields, 'typeName'))
  return earlier.some(
    ({ kind, fields: created }) =>
      kind === 'CreateEnumStmt' && isSame(qualifiedName(listAt(created, 'typeName')), type),
  )
}

const isSame = (one: QualifiedName | undefined, other: QualifiedName | undefined): boolean =>
  one !== undefined && one.name === other?.name && one.schema === other.schema

const uses = ({ kind, fields }: Statement, value: string): boolean => {
  const quoted = `'${value.replaceAll("'", "''")}'`
  if (bodyTexts(kind, fields).some((body) => body.includes(quoted))) return true
  let isFound = false
  visitNodes({ [kind]: fields }, (innerKind, inner) => {
    if (innerKind === 'A_Const') isFound ||= constantOf({ A_Const: inner }) === value
  })
  return isFound
}

/** The bodies that PostgreSQL reads at once: those of DO and of functions in SQL, plain texts to the parser. */
const bodyTexts = (kind: string, fields: SqlNode): readonly string[] => {
  if (kind !== 'DoStmt' && !isSqlFunction(kind, fields)) return []
  const body = findOption(fields, kind === 'DoStmt' ? 'args' : 'options', 'as')?.arg
  const texts: string[] = []
  visitNodes({ body }, (innerKind, inner) => {
    if (innerKind === 'String') texts.push(stringOf({ String: inner }) ?? '')
  })
  return texts
}

const isSqlFunction = (kind: string, fields: SqlNode): boolean => {
  const language = kind === 'CreateFunctionStmt' ? findOption(fields, 'options', 'language') : undefined
  return language !== undefined && optionValue(language)?.toLowerCase() === 'sql'
}

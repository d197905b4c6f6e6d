import { loadSqlParser } from '../../functions/adapters/libpg-parser.ts'
import { type CompiledText, compileText } from '../../functions/domain/compile-text.ts'
import type { SqlFile } from '../../functions/domain/sql-file.ts'
import { type Statement, splitStatements } from '../../functions/domain/statements.ts'
import type { Unit } from '../../functions/domain/step-source.ts'
import { migrationName } from '../../functions/domain/types.ts'

export const parse = await loadSqlParser()

/** Makes a migration's file of a text. */
export const sqlFile = (text: string, role: SqlFile['role'] = 'up'): SqlFile => ({
  path: 'm/migration.sql',
  text,
  role,
  migration: migrationName('m'),
})

/** Compiles a text as a migration's file. */
export const compile = (text: string, role: SqlFile['role'] = 'up'): CompiledText =>
  compileText(sqlFile(text, role), parse)

/** The statements of a text. */
export const statementsOf = (text: string): readonly Statement[] => splitStatements(sqlFile(text), parse)

/** The first statement of a text. */
export const statementOf = (text: string): Statement => {
  const [first] = statementsOf(text)
  if (first === undefined) throw new Error(`no statement in: ${text}`)
  return first
}

/** The units of a text that runs as units; fails the test when it does not. */
export const unitsOf = (text: string): readonly Unit[] => {
  const { body } = compile(text)
  if (body.kind !== 'units') throw new Error(`expected units, got a transaction: ${text}`)
  return body.units
}

/** The SQL of a text that runs as one transaction; fails the test when it does not. */
export const transactionSqlOf = (text: string): string => {
  const { body } = compile(text)
  if (body.kind !== 'transaction') throw new Error(`expected a transaction, got units: ${text}`)
  return body.sql
}

import { compileText } from './compile-text.ts'
import { setsTimeout } from './session-settings.ts'
import type { SourceText } from './source-position.ts'
import { codePointOfByte } from './source-position.ts'
import type { SqlFile } from './sql-file.ts'
import { listAt, nodeAt, type SqlNode, textAt } from './sql-node.ts'
import type { SqlParser } from './sql-parser.ts'
import { type Statement, splitStatements } from './statements.ts'
import type { MigrationName, Notice } from './types.ts'

/** A statement of a verify file. */
export interface Assertion {
  /** As it stands in the file, without its `;`. */
  readonly sql: string
  /** Where it begins in the file, in code points. */
  readonly startCodePoint: number
  /**
   * - `judged`: a query; a row whose first column is boolean and not true fails it, and one without rows holds
   * - `run`: anything else (DO, SET LOCAL, EXPLAIN, …), which holds unless it raises an error
   */
  readonly kind: 'judged' | 'run'
}

/** A verify file, read, parsed and judged: it runs after the step's SQL, in the transaction of its receipt. */
export interface VerifySource extends SourceText {
  readonly assertions: readonly Assertion[]
  readonly notices: readonly Notice[]
}

/**
 * Compiles a verify file: that of a bundle, or the one that a receipt kept of a way back.
 *
 * @throws LockstepError as `compileText` does, with the place in the verify file
 */
export const compileVerify = (source: SourceText, migration: MigrationName, parse: SqlParser): VerifySource => {
  const { path, text } = source
  const file: SqlFile = { path, text, role: 'verify', migration }
  const { notices } = compileText(file, parse)
  const bytes = Buffer.from(text)
  const assertions = splitStatements(file, parse)
    .filter((statement) => !setsTimeout(statement))
    .map((statement): Assertion => {
      const { startByte, endByte } = statement
      const sql = bytes.toString('utf8', startByte, endByte)
      return { sql, startCodePoint: codePointOfByte(text, startByte), kind: isJudged(statement) ? 'judged' : 'run' }
    })
  return { path, text, assertions, notices }
}

const isJudged = ({ kind, fields }: Statement): boolean => kind === 'SelectStmt' && hasColumns(fields)

/** `select from t` is legal, and returns rows without anything to judge. */
const hasColumns = (select: SqlNode): boolean => {
  const left = textAt(select, 'op') === 'SETOP_NONE' ? undefined : nodeAt(select, 'larg')
  if (left !== undefined) return hasColumns(left)
  return listAt(select, 'targetList').length > 0 || listAt(select, 'valuesLists').length > 0
}

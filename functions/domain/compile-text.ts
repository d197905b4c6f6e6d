import { blank, byteOrderMarkOf } from './blanking.ts'
import { noticesOf } from './compile-notices.ts'
import { leadingDirectives, refuseMisplaced } from './directive-comments.ts'
import { readDirectives } from './directives.ts'
import { refuseForbidden } from './forbidden-statements.ts'
import { lossesOf } from './losses.ts'
import { refuseAloneInBlock } from './own-transactions.ts'
import { setsTimeout } from './session-settings.ts'
import type { SqlFile } from './sql-file.ts'
import type { SqlParser } from './sql-parser.ts'
import { type Statement, splitStatements } from './statements.ts'
import type { StepBody, StepSource } from './step-source.ts'
import { type Block, pairBlocks } from './transaction-blocks.ts'
import { cutUnits } from './units.ts'
import { refuseInVerify } from './verify-rules.ts'
import { whyUnits } from './why-units.ts'

/** A file that was read, parsed and judged: everything of a `StepSource` that one file decides. */
export type CompiledText = Pick<StepSource, 'path' | 'text' | 'directives' | 'body' | 'notices'>

/**
 * Compiles one file of a migration: nothing about how it runs is left to find out.
 *
 * PostgreSQL's own parser decides what is a statement, never a regular expression (docs/adr/0003). A rollback compiles the down SQL
 * of a receipt with it.
 *
 * @throws LockstepError SQL_SYNTAX, PSQL_COMMAND, COPY_FROM_STDIN, DIRECTIVE_UNKNOWN, DIRECTIVE_INVALID, STATEMENT_FORBIDDEN,
 *   TRANSACTION_UNBALANCED or STATEMENT_NOT_IN_TRANSACTION, each with file, line, column and caret
 */
export const compileText = (file: SqlFile, parse: SqlParser): CompiledText => {
  const statements = splitStatements(file, parse)
  const bytes = Buffer.from(file.text)
  const leading = bytes.toString('utf8', 0, statements[0]?.startByte)
  const directives = readDirectives(file, leadingDirectives(leading))
  refuseMisplaced(file, leading, parse)
  refuseForbidden(file, statements)
  if (file.role === 'verify') refuseInVerify(file, statements)
  const blocks = pairBlocks(file, statements)
  refuseAloneInBlock(file, statements, blocks)
  const reason = directives.transaction === 'step' ? whyUnits(statements, blocks) : undefined
  const asUnits = directives.transaction !== 'step' || reason !== undefined
  const body = bodyOf(file, { bytes, statements, blocks, as: asUnits ? 'units' : 'transaction' })
  return { path: file.path, text: file.text, directives, body, notices: noticesOf(file, { statements, body, reason }) }
}

interface BodyInput {
  readonly bytes: Buffer
  readonly statements: readonly Statement[]
  readonly blocks: readonly Block[]
  readonly as: StepBody['kind']
}

const bodyOf = (file: SqlFile, input: BodyInput): StepBody => {
  const { bytes, statements, blocks, as } = input
  const ends = blocks.flatMap(({ begin, commit }) =>
    statements.slice(begin, begin + 1).concat(statements.slice(commit, commit + 1)),
  )
  const blanked = blank(bytes, [...byteOrderMarkOf(file.text), ...statements.filter(setsTimeout), ...ends])
  const units = as === 'units' ? cutUnits(file, { ...input, blanked }) : []
  // A file that is left without a unit (comments, settings) has nothing to do; as a transaction it still gets its receipt.
  if (units.length > 0) return { kind: 'units', units }
  const losses = lossesOf(statements)
  return {
    kind: 'transaction',
    sql: blanked.toString('utf8'),
    flattened: blocks.length > 0,
    ...(losses.length > 0 && { losses }),
  }
}

import type { SqlFile } from './sql-file.ts'
import { nodeAt, type SqlNode, textAt } from './sql-node.ts'
import type { SqlParser } from './sql-parser.ts'
import { syntaxRefusal } from './syntax-refusal.ts'

/** A top-level statement of a file. Offsets are UTF-8 bytes; the `;` lies outside. */
export interface Statement {
  readonly startByte: number
  readonly endByte: number
  /** The parser's name for it, for example `CreateStmt`. */
  readonly kind: string
  readonly fields: SqlNode
}

/**
 * Splits a file into its top-level statements, in order; a file of comments alone has none.
 *
 * @throws LockstepError SQL_SYNTAX, PSQL_COMMAND or COPY_FROM_STDIN, with the place
 */
export const splitStatements = (file: SqlFile, parse: SqlParser): readonly Statement[] => {
  const result = parse(file.text)
  if (!result.ok) throw syntaxRefusal(file, result.error, parse)
  return result.statements.map(({ startByte, endByte, node }) => {
    const kind = Object.keys(node)[0] ?? ''
    return { startByte, endByte, kind, fields: nodeAt(node, kind) ?? {} }
  })
}

/** Tells what a statement does to the transaction, in the parser's words (`TRANS_STMT_BEGIN`); undefined when nothing. */
export const transactionKind = ({ kind, fields }: Statement): string | undefined =>
  kind === 'TransactionStmt' ? textAt(fields, 'kind') : undefined

import { refuseAlone } from './own-transactions.ts'
import { refusal, type SqlFile } from './sql-file.ts'
import { isTrue, textAt, visitNodes } from './sql-node.ts'
import { type Statement, transactionKind } from './statements.ts'

/**
 * Refuses what a verify file, which runs inside a transaction of the step and whose queries are judged there, can't have.
 *
 * @throws LockstepError STATEMENT_FORBIDDEN or STATEMENT_NOT_IN_TRANSACTION
 */
export const refuseInVerify = (file: SqlFile, statements: readonly Statement[]): void => {
  for (const statement of statements) {
    const found = forbiddenInVerify(statement)
    if (found === undefined) continue
    const message = `${found.what} is not allowed in a verify file`
    throw refusal(file, { code: 'STATEMENT_FORBIDDEN', message, byte: statement.startByte, hint: found.hint })
  }
  refuseAlone(file, statements, 'move the statement to the migration; a verify file only asks')
}

interface Found {
  readonly what: string
  readonly hint: string
}

const forbiddenInVerify = (statement: Statement): Found | undefined => {
  const { kind, fields } = statement
  if (transactionKind(statement) !== undefined)
    return { what: 'a transaction statement', hint: 'take it out; the file runs inside a transaction of the step' }
  if (kind === 'SelectStmt') return forbiddenQuery(statement)
  if (kind === 'CopyStmt' && !isTrue(fields, 'is_from') && textAt(fields, 'filename') === undefined)
    return { what: 'COPY … TO STDOUT', hint: 'ask with SELECT; what is copied out here is read by nobody' }
  return undefined
}

const modifying: ReadonlySet<string> = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'])

/** A query is judged inside another one, where PostgreSQL takes neither INTO nor a WITH that changes rows. */
const forbiddenQuery = ({ fields }: Statement): Found | undefined => {
  let found: Found | undefined
  visitNodes(fields, (kind) => {
    if (kind === 'intoClause') found = { what: 'SELECT … INTO', hint: 'write CREATE TEMPORARY TABLE … AS' }
    if (modifying.has(kind))
      found = { what: 'a query that changes rows', hint: 'change them in a DO block, and ask for the result after it' }
  })
  return found
}

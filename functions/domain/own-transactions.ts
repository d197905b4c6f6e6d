import { runsAlone } from './run-alone.ts'
import { refusal, type SqlFile } from './sql-file.ts'
import { type Statement, transactionKind } from './statements.ts'
import { type Block, statementsIn } from './transaction-blocks.ts'

/**
 * Refuses a statement inside a BEGIN … COMMIT of the file that PostgreSQL would refuse there.
 *
 * @throws LockstepError STATEMENT_NOT_IN_TRANSACTION
 */
export const refuseAloneInBlock = (file: SqlFile, statements: readonly Statement[], blocks: readonly Block[]): void => {
  const hint = 'move the statement out of its BEGIN … COMMIT'
  refuseAlone(
    file,
    blocks.flatMap((block) => statementsIn(block, statements)),
    hint,
  )
}

/**
 * Refuses what a verify file, which runs inside a transaction of the step, can't have: transactions and statements that run alone.
 *
 * @throws LockstepError STATEMENT_FORBIDDEN or STATEMENT_NOT_IN_TRANSACTION
 */
export const refuseInVerify = (file: SqlFile, statements: readonly Statement[]): void => {
  const own = statements.find((statement) => transactionKind(statement) !== undefined)
  if (own) {
    const message = 'a transaction statement is not allowed in a verify file'
    const hint = 'take it out; the file runs inside a transaction of the step'
    throw refusal(file, { code: 'STATEMENT_FORBIDDEN', message, byte: own.startByte, hint })
  }
  refuseAlone(file, statements, 'move the statement to the migration; a verify file only asks')
}

const refuseAlone = (file: SqlFile, statements: readonly Statement[], hint: string): void => {
  for (const statement of statements) {
    const name = runsAlone(statement)
    if (name === undefined) continue
    const message = `${name} can't run in a transaction`
    throw refusal(file, { code: 'STATEMENT_NOT_IN_TRANSACTION', message, byte: statement.startByte, hint })
  }
}

import { runsAlone } from './run-alone.ts'
import { refusal, type SqlFile } from './sql-file.ts'
import type { Statement } from './statements.ts'
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
 * Refuses a statement that PostgreSQL refuses inside a transaction.
 *
 * @throws LockstepError STATEMENT_NOT_IN_TRANSACTION
 */
export const refuseAlone = (file: SqlFile, statements: readonly Statement[], hint: string): void => {
  for (const statement of statements) {
    const name = runsAlone(statement)
    if (name === undefined) continue
    const message = `${name} can't run in a transaction`
    throw refusal(file, { code: 'STATEMENT_NOT_IN_TRANSACTION', message, byte: statement.startByte, hint })
  }
}

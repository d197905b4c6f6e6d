import type { LockstepError } from './errors.ts'
import { lineOfByte, refusal, type SqlFile } from './sql-file.ts'
import { type Statement, transactionKind } from './statements.ts'

/** A BEGIN … COMMIT of the file itself: the indexes of its two statements among the file's. */
export interface Block {
  readonly begin: number
  readonly commit: number
}

const opens: ReadonlySet<string | undefined> = new Set(['TRANS_STMT_BEGIN', 'TRANS_STMT_START'])

/**
 * Pairs the BEGIN or START TRANSACTION of a file with its COMMIT or END, in order.
 *
 * @throws LockstepError TRANSACTION_UNBALANCED for a BEGIN in a block or without COMMIT, and for a COMMIT without BEGIN
 */
export const pairBlocks = (file: SqlFile, statements: readonly Statement[]): readonly Block[] => {
  const blocks: Block[] = []
  let begin: number | undefined
  for (const [index, statement] of statements.entries()) {
    const kind = transactionKind(statement)
    if (opens.has(kind)) {
      if (begin !== undefined) throw nested(file, statement, statements[begin])
      begin = index
    }
    if (kind === 'TRANS_STMT_COMMIT') {
      if (begin === undefined) throw unbalanced(file, statement, 'COMMIT without a BEGIN before it')
      blocks.push({ begin, commit: index })
      begin = undefined
    }
  }
  const open = begin === undefined ? undefined : statements[begin]
  if (open) throw unbalanced(file, open, 'BEGIN without a COMMIT after it')
  return blocks
}

/** Finds the block that a statement lies in, its BEGIN and COMMIT included. */
export const blockAround = (blocks: readonly Block[], index: number): Block | undefined =>
  blocks.find(({ begin, commit }) => begin <= index && index <= commit)

/** The statements between a block's BEGIN and its COMMIT. */
export const statementsIn = ({ begin, commit }: Block, statements: readonly Statement[]): readonly Statement[] =>
  statements.slice(begin + 1, commit)

const nested = (file: SqlFile, statement: Statement, outer: Statement | undefined): LockstepError =>
  unbalanced(file, statement, `BEGIN inside the block that began in line ${lineOfByte(file, outer?.startByte ?? 0)}`)

const unbalanced = (file: SqlFile, { startByte }: Statement, message: string): LockstepError =>
  refusal(file, { code: 'TRANSACTION_UNBALANCED', message, byte: startByte })

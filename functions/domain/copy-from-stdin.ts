import type { LockstepError } from './errors.ts'
import { refusal, type SqlFile } from './sql-file.ts'
import { isTrue, nodeAt, type SqlNode, textAt } from './sql-node.ts'

/** Tells whether a statement's node is COPY … FROM STDIN; the parser leaves the file's name out then, as for STDOUT. */
export const isCopyFromStdin = (node: SqlNode): boolean => {
  const copy = nodeAt(node, 'CopyStmt')
  return copy !== undefined && isTrue(copy, 'is_from') && textAt(copy, 'filename') === undefined
}

/** Refuses COPY … FROM STDIN, which would wait for rows that nobody sends. */
export const copyRefusal = (file: SqlFile, byte: number): LockstepError =>
  refusal(file, {
    code: 'COPY_FROM_STDIN',
    message: 'COPY … FROM STDIN waits for rows that a migration cannot send',
    byte,
  })

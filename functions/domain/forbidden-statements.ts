import { copyRefusal, isCopyFromStdin } from './copy-from-stdin.ts'
import { forbiddenSetting } from './forbidden-settings.ts'
import type { Prohibition } from './prohibition.ts'
import { functionName, setConfigChange, settingChange } from './session-settings.ts'
import { refusal, type SqlFile } from './sql-file.ts'
import { isTrue, listAt, textAt, visitNodes } from './sql-node.ts'
import type { Statement } from './statements.ts'
import { forbiddenMode } from './transaction-modes.ts'

const resetHint = 'take it out; Lockstep resets the session after each migration'

/**
 * Refuses the first statement that would break a promise: change who the migration runs as, end its transaction, or drop its lock.
 *
 * What dynamic SQL does is invisible here; the step itself finds that out before it commits.
 *
 * @throws LockstepError STATEMENT_FORBIDDEN or COPY_FROM_STDIN, with the place and what to write instead
 */
export const refuseForbidden = (file: SqlFile, statements: readonly Statement[]): void => {
  for (const statement of statements) {
    const { kind, fields, startByte } = statement
    if (isCopyFromStdin({ [kind]: fields })) throw copyRefusal(file, startByte)
    const found = forbiddenIn(statement)
    if (!found) continue
    const message = `${found.what} is not allowed in a migration`
    throw refusal(file, { code: 'STATEMENT_FORBIDDEN', message, byte: startByte, hint: found.hint })
  }
}

const forbiddenIn = (statement: Statement): Prohibition | undefined => {
  const { kind, fields } = statement
  if (kind === 'DiscardStmt') return { what: 'DISCARD', hint: resetHint }
  if (kind === 'TransactionStmt') return forbiddenTransaction(statement)
  if (kind === 'VariableSetStmt' && textAt(fields, 'kind') === 'VAR_RESET_ALL')
    return { what: 'RESET ALL', hint: resetHint }
  const change = settingChange(statement)
  if (change?.name === 'transaction') return forbiddenMode(listAt(fields, 'args'))
  if (change) return forbiddenSetting(change)
  return running.has(kind) ? forbiddenCall(statement) : undefined
}

const forbiddenTransaction = ({ fields }: Statement): Prohibition | undefined => {
  const kind = textAt(fields, 'kind') ?? ''
  if (kind === 'TRANS_STMT_ROLLBACK') {
    return { what: 'ROLLBACK', hint: 'take it out; a migration that fails is rolled back as a whole' }
  }
  if (isTrue(fields, 'chain')) return { what: 'AND CHAIN', hint: 'write COMMIT, and BEGIN as a statement of its own' }
  if (/_PREPARED?$/.test(kind)) {
    return { what: 'a prepared transaction', hint: 'take it out; it would outlive the run and hold its locks' }
  }
  return forbiddenMode(listAt(fields, 'options'))
}

/** The statements that call functions when they run; a view or a function that is only defined calls nothing yet. */
const running: ReadonlySet<string> = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'CreateTableAsStmt',
  'ExplainStmt',
  'CallStmt',
  'CopyStmt',
  'PrepareStmt',
  'ExecuteStmt',
  'DeclareCursorStmt',
])

const unlocks: ReadonlySet<string> = new Set([
  'pg_advisory_unlock',
  'pg_advisory_unlock_shared',
  'pg_advisory_unlock_all',
])

const forbiddenCall = ({ fields }: Statement): Prohibition | undefined => {
  let found: Prohibition | undefined
  visitNodes(fields, (kind, call) => {
    // CALL keeps its function in a field of another name.
    if (found || (kind !== 'FuncCall' && kind !== 'funccall')) return
    const name = functionName(call) ?? ''
    const change = setConfigChange(call)
    if (change) found = forbiddenSetting(change)
    if (unlocks.has(name)) {
      const hint =
        'use pg_advisory_xact_lock, which the end of the transaction releases; pg_advisory_unlock_all drops our own lock'
      found = { what: name, hint }
    }
  })
  return found
}

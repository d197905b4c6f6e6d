import { functionName, setsTimeout } from './session-settings.ts'
import { isTrue, listAt, textAt, visitNodes } from './sql-node.ts'
import type { Statement } from './statements.ts'
import { type Block, statementsIn } from './transaction-blocks.ts'

/** A statement that decides how a file runs, and what it is that decides. */
export interface Reason {
  readonly statement: Statement
  readonly why: string
}

/**
 * Finds why a file's own blocks must keep their own transactions; undefined when they may be flattened into the step's.
 *
 * They may where the end of a block changes nothing but the moment of the commit: blocks without options, nothing inside that lasts
 * until the end of its transaction, and not several blocks that change data, which are deliberate batches. (That nothing in the
 * file must run alone is asked elsewhere.)
 */
export const whyNotFlat = (statements: readonly Statement[], blocks: readonly Block[]): Reason | undefined => {
  for (const block of blocks) {
    const reason = optionOf(statements[block.begin]) ?? lastingIn(statementsIn(block, statements))
    if (reason) return reason
  }
  return blocks.length > 1 ? dataIn(blocks.flatMap((block) => statementsIn(block, statements))) : undefined
}

const optionOf = (begin: Statement | undefined): Reason | undefined =>
  begin && listAt(begin.fields, 'options').length > 0 ? { statement: begin, why: 'BEGIN has options' } : undefined

const lastingIn = (inside: readonly Statement[]): Reason | undefined => {
  for (const statement of inside) {
    // A timeout is blanked in any case, so its SET LOCAL lasts for nothing.
    const why = setsTimeout(statement) ? undefined : lasting(statement)
    if (why) return { statement, why: `${why} belongs to the block's own transaction` }
  }
  return undefined
}

const lastingKinds: Readonly<Record<string, string>> = {
  ConstraintsSetStmt: 'SET CONSTRAINTS',
  LockStmt: 'LOCK',
  DeclareCursorStmt: 'DECLARE',
  TransactionStmt: 'SAVEPOINT',
}

/** Names what in a statement lasts until the end of its transaction, or works only in one of its own. */
const lasting = ({ kind, fields }: Statement): string | undefined => {
  if (Object.hasOwn(lastingKinds, kind)) return lastingKinds[kind]
  if (kind === 'VariableSetStmt' && isTrue(fields, 'is_local')) return 'SET LOCAL'
  if (kind === 'VariableSetStmt' && textAt(fields, 'name') === 'TRANSACTION') return 'SET TRANSACTION'
  if (kind === 'AlterEnumStmt' && textAt(fields, 'oldVal') === undefined) return 'ALTER TYPE … ADD VALUE'
  let found: string | undefined
  visitNodes({ [kind]: fields }, (innerKind, inner) => {
    found ??= lastingNode(innerKind, inner)
  })
  return found
}

const transactionLock = /^pg_(?:try_)?advisory_xact_lock/

const lastingNode = (kind: string, fields: Statement['fields']): string | undefined => {
  const onCommit = textAt(fields, 'oncommit') ?? textAt(fields, 'onCommit') ?? 'ONCOMMIT_NOOP'
  if (onCommit !== 'ONCOMMIT_NOOP') return 'ON COMMIT'
  if (isTrue(fields, 'deferrable') || isTrue(fields, 'initdeferred')) return 'DEFERRABLE'
  if (/^CONSTR_ATTR_DEFERR/.test(textAt(fields, 'contype') ?? '')) return 'DEFERRABLE'
  if (kind !== 'FuncCall') return undefined
  const name = functionName(fields) ?? ''
  if (name === 'set_config') return 'set_config'
  return transactionLock.test(name) ? name : undefined
}

/** The parser's names of statements that define things: `CreateStmt`, `IndexStmt`, `RenameStmt`, … */
const definition =
  /^(?:Create|Alter|Drop|Define|Index|View|Rename|Comment|SecLabel|Grant|Rule|ImportForeignSchema|ReassignOwned|CompositeType|VariableSet)/

const dataIn = (inside: readonly Statement[]): Reason | undefined => {
  const statement = inside.find(({ kind }) => !definition.test(kind))
  return statement && { statement, why: 'several blocks, of which not all are only DDL, are batches of their own' }
}

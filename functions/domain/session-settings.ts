import { constantOf, isTrue, listAt, nodeAt, qualifiedName, type SqlNode, textAt } from './sql-node.ts'
import type { Statement } from './statements.ts'

/** A setting that a statement changes, in lower case as PostgreSQL compares them, with its value where that is a constant. */
export interface SettingChange {
  readonly name: string
  readonly value?: string
}

/** The timeouts that belong to the runner: every pg_dump file sets some, and a directive is the way to. */
const timeouts: ReadonlySet<string> = new Set([
  'lock_timeout',
  'statement_timeout',
  'transaction_timeout',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
])

/** Kinds of SET whose effect ends with the transaction, so they are no state of the session. */
const transactionSettings: ReadonlySet<string> = new Set(['transaction', 'transaction snapshot'])

/** Reads which setting a top-level SET or RESET changes; undefined for RESET ALL and for anything else. */
export const settingChange = ({ kind, fields }: Statement): SettingChange | undefined => {
  const name = kind === 'VariableSetStmt' ? textAt(fields, 'name')?.toLowerCase() : undefined
  if (name === undefined) return undefined
  const value = constantOf(listAt(fields, 'args')[0] ?? {})
  return value === undefined ? { name } : { name, value }
}

/** Tells whether a statement sets a timeout that Lockstep sets itself. */
export const setsTimeout = (statement: Statement): boolean => timeouts.has(settingChange(statement)?.name ?? '')

/**
 * Tells whether a statement does nothing but change the session's settings, so that it must be repeated in every session that
 * goes on with the file: SET and RESET (not LOCAL, and no timeout), and pg_dump's `select set_config(…, false)`.
 */
export const setsSession = (statement: Statement): boolean => {
  const { kind, fields } = statement
  if (kind === 'SelectStmt') return isSetConfig(fields)
  const change = settingChange(statement)
  if (change === undefined || timeouts.has(change.name)) return false
  return !isTrue(fields, 'is_local') && !transactionSettings.has(change.name)
}

/** Reads the setting that a call of `set_config` changes (its `FuncCall` fields), when its name is a constant. */
export const setConfigChange = (call: SqlNode): SettingChange | undefined => {
  const [first, second] = listAt(call, 'args')
  const name = functionName(call) === 'set_config' && first ? constantOf(first)?.toLowerCase() : undefined
  if (name === undefined) return undefined
  const value = second && constantOf(second)
  return value === undefined ? { name } : { name, value }
}

/** The bare name of the function that is called (`FuncCall` fields). */
export const functionName = (call: SqlNode): string | undefined => qualifiedName(listAt(call, 'funcname'))?.name

const isSetConfig = (select: SqlNode): boolean => {
  const calls = listAt(select, 'targetList').map((target) =>
    nodeAt(nodeAt(nodeAt(target, 'ResTarget') ?? {}, 'val') ?? {}, 'FuncCall'),
  )
  const isBare = ['fromClause', 'whereClause', 'valuesLists', 'withClause'].every((clause) => !(clause in select))
  return isBare && calls.length > 0 && calls.every((call) => call !== undefined && setsForSession(call))
}

const setsForSession = (call: SqlNode): boolean => {
  const isLocal = listAt(call, 'args')[2]
  return setConfigChange(call) !== undefined && isLocal !== undefined && constantOf(isLocal) === 'false'
}

import type { Prohibition } from './prohibition.ts'
import { constantOf, nodeAt, type SqlNode, textAt } from './sql-node.ts'

/**
 * The modes that every transaction here has; the fence is asserted before a migration's first statement, so they can't be changed
 * afterwards, and one that was left out silently would be a lie.
 */
const ourModes: Readonly<Record<string, RegExp>> = {
  // PostgreSQL takes read uncommitted for read committed.
  transaction_isolation: /^read (?:un)?committed$/i,
  transaction_read_only: /^(?:0|off|false|no)$/i,
}

export const modeProhibition: Prohibition = {
  what: 'another transaction mode than read committed, read write',
  hint: 'leave the mode out; the fence that guards a migration is read before its first statement',
}

/** Tells whether a transaction mode is the one that the transaction has anyway; DEFERRABLE says nothing by itself. */
export const modeIsOurs = (name: string, value: string | undefined): boolean =>
  value === undefined || !Object.hasOwn(ourModes, name) || ourModes[name]?.test(value) === true

/** Finds a mode that can't be had among those of BEGIN, START TRANSACTION or SET TRANSACTION (a list of `DefElem` nodes). */
export const forbiddenMode = (modes: readonly SqlNode[]): Prohibition | undefined =>
  modes.every(isOurs) ? undefined : modeProhibition

const isOurs = (mode: SqlNode): boolean => {
  const option = nodeAt(mode, 'DefElem') ?? {}
  return modeIsOurs(textAt(option, 'defname') ?? '', constantOf(nodeAt(option, 'arg') ?? {}))
}

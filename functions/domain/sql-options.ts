import { constantOf, listAt, nodeAt, qualifiedName, type SqlNode, stringOf, textAt } from './sql-node.ts'

const falseWords: ReadonlySet<string> = new Set(['false', 'off', '0'])

/** Finds the last option of a name among `(name value, …)`; PostgreSQL lets the last one win where it allows several. */
export const findOption = (statement: SqlNode, listKey: string, name: string): SqlNode | undefined =>
  listAt(statement, listKey)
    .map((item) => nodeAt(item, 'DefElem'))
    .findLast((option) => option !== undefined && textAt(option, 'defname') === name)

/** Reads an option that is true or false; one without a value is true. */
export const isOn = (option: SqlNode): boolean => {
  const value = optionValue(option)
  return value === undefined || !falseWords.has(value.toLowerCase())
}

/** The text of an option's value, however it was written: a string, a number, a bare word. */
export const optionValue = (option: SqlNode): string | undefined => {
  const argument = nodeAt(option, 'arg')
  if (!argument) return undefined
  const integer = nodeAt(argument, 'Integer')
  if (integer) return String(integer.ival ?? 0)
  const word = nodeAt(argument, 'TypeName')
  if (word) return qualifiedName(listAt(word, 'names'))?.name
  return stringOf(argument) ?? constantOf(argument)
}

import type { QualifiedName } from './sql-node.ts'

const plainName = /^[a-z_][a-z0-9_$]*$/

/** Shows a name, or a column of a table, as SQL has it: in quotes where it needs them. */
export const showName = ({ schema, name }: QualifiedName, column?: string): string =>
  [schema, name, column].flatMap((part) => (part === undefined ? [] : [showIdentifier(part)])).join('.')

/** Shows one identifier as SQL has it. */
export const showIdentifier = (text: string): string =>
  plainName.test(text) ? text : `"${text.replaceAll('"', '""')}"`

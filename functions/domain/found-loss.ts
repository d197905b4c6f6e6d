import type { Loss } from './losses.ts'
import type { QualifiedName } from './sql-node.ts'
import type { TableNames } from './table-names.ts'
import type { TrackedTable } from './tracked-table.ts'

/** A loss, and the table that it is about. */
export interface FoundLoss {
  readonly loss: Loss
  readonly table?: TrackedTable
}

/** What is known of a file up to the statement that is read. */
export interface Following {
  readonly names: TableNames
  readonly found: FoundLoss[]
}

/** Makes a loss that is only named. */
export const otherLoss = (what: string): Loss => ({ kind: 'other', what })

/** Writes a name as SQL, each part in quotes. */
export const quoteName = ({ schema, name }: QualifiedName, column?: string): string =>
  [schema, name, column].flatMap((part) => (part === undefined ? [] : [quote(part)])).join('.')

/** Writes one part of a name as SQL. */
export const quote = (part: string): string => `"${part.replaceAll('"', '""')}"`

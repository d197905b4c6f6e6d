import type { Loss } from './losses.ts'
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

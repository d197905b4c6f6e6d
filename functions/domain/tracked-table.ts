import type { QualifiedName } from './sql-node.ts'

/** A table as a file's statements change it. */
export interface TrackedTable {
  /** Its name before the file ran; undefined when the file made it. */
  readonly origin: QualifiedName | undefined
  /** The name before the file of a column by its present one; undefined when the file added it. */
  columnBefore(present: string): string | undefined
  addColumn(name: string): void
  dropColumn(name: string): void
  renameColumn(from: string, to: string): void
}

/** Follows one table's columns from what they are before the file. */
export const trackTable = (origin: QualifiedName | undefined): TrackedTable => {
  const before = new Map<string, string | undefined>()
  const columnBefore = (present: string) => (before.has(present) ? before.get(present) : present)
  return {
    origin,
    columnBefore,
    addColumn: (name) => before.set(name, undefined),
    dropColumn: (name) => before.delete(name),
    renameColumn: (from, to) => before.set(to, columnBefore(from)),
  }
}

import type { FoundLoss } from './found-loss.ts'
import { followLosses } from './loss-rules.ts'
import type { Statement } from './statements.ts'
import { makeTableNames } from './table-names.ts'

/** What a file takes away; names are those before the file runs, the schema only where the text tells it. */
export type Loss =
  | { readonly kind: 'table'; readonly schema?: string; readonly table: string }
  | { readonly kind: 'column'; readonly schema?: string; readonly table: string; readonly column: string }
  /** Named but neither kept nor counted: `deletes rows of "b"`, `changes the type of "c"."d"`, `drops type "x" cascade`, … */
  | { readonly kind: 'other'; readonly what: string }

/**
 * Lists what a file's statements take away, each once, in their order; what the file made itself is left out.
 *
 * It says rather too much than too little: where the text leaves open which schema is meant, or whether something was there (IF
 * EXISTS), all that may be meant is listed, and the database knows which of it is there. A column of a table that goes too is not
 * listed. What dynamic SQL does (DO, CALL, functions), no text tells: it is missing here.
 */
export const lossesOf = (statements: readonly Statement[]): readonly Loss[] => {
  const found: FoundLoss[] = []
  const names = makeTableNames()
  for (const statement of statements) followLosses(statement, { names, found })
  const goneTables = new Set(found.flatMap(({ loss, table }) => (loss.kind === 'table' ? [table] : [])))
  const losses = found.filter(({ loss, table }) => loss.kind === 'table' || !table || !goneTables.has(table))
  return [...new Map(losses.map(({ loss }) => [JSON.stringify(loss), loss])).values()]
}

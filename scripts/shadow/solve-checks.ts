import { type Client, DatabaseError, escapeIdentifier } from 'pg'
import { checkCandidates, type Row } from './row-candidates.ts'
import type { Check, ColumnShape, TableShape } from './table-shape.ts'

/**
 * Changes a row until it satisfies its table's checks, one after the other; PostgreSQL itself says whether it does.
 *
 * @param n counts from 1; rows of different n differ where the checks have room
 */
export async function solveChecks(client: Client, table: TableShape, row: Row, n: number): Promise<Row> {
  const columns = table.columns.filter(({ name, filledByServer }) => !filledByServer && !isReference(table, name))
  let solved = row
  for (const check of table.checks) {
    if (await satisfies(client, table, check, solved)) continue
    for (const candidate of checkCandidates(check, columns, n)) {
      const changed = { ...solved, ...candidate }
      if (!(await satisfies(client, table, check, changed))) continue
      solved = changed
      break
    }
  }
  return solved
}

/** What points to another table has the values that are there. */
const isReference = ({ references }: TableShape, name: string): boolean =>
  references.some(({ columns }) => columns.includes(name))

const satisfies = async (client: Client, table: TableShape, check: Check, row: Row): Promise<boolean> => {
  const given = table.columns.filter(({ name }) => Object.hasOwn(row, name))
  const values = given.map(({ name }) => row[name])
  try {
    const { rows } = await client.query<{ readonly fits: boolean }>(questionOf(check, given), values)
    return rows[0]?.fits === true
  } catch (error) {
    // a value that its type can't hold, or a check that reads what is not given
    if (error instanceof DatabaseError) return false
    throw error
  }
}

const questionOf = ({ expression, columns }: Check, given: readonly ColumnShape[]): string => {
  const list = given.map(({ name, type }, index) => `$${index + 1}::text::${type} as ${escapeIdentifier(name)}`)
  // the check of a domain is made by the cast alone
  const holds = expression ?? columns.map((name) => `${escapeIdentifier(name)} is not null`).join(' and ')
  return `select (${holds}) is not false as fits from (select ${list.join(', ')}) r`
}

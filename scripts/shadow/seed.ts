import { type Client, DatabaseError, escapeIdentifier } from 'pg'
import { fullRow, leastRow, type Row } from './row-candidates.ts'
import { solveChecks } from './solve-checks.ts'
import { type ColumnShape, type Reference, showTable, type TableShape } from './table-shape.ts'

/** A table that could not be filled, and why. */
export interface Unfilled {
  readonly table: string
  readonly reason: string
}

/** How often a row is tried with other numbers where one like it is there already. */
const numbersTried = 4

/**
 * Brings tables up to a number of rows, those that others point to first.
 *
 * @param wanted how many rows a table is to have
 * @returns the tables that stayed below that
 */
export async function seed(
  client: Client,
  tables: readonly TableShape[],
  wanted: (table: TableShape, present: number) => number,
): Promise<readonly Unfilled[]> {
  const goals: Goal[] = []
  for (const table of inOrderOfReferences(tables)) {
    const present = await countRows(client, table)
    goals.push({ table, rows: wanted(table, present) })
  }
  const first = await fillAll(client, goals)
  // a table in a cycle of references gets its rows when the others have theirs
  const second = first.length === 0 ? [] : await fillAll(client, first)
  return second.map(({ table, reason }) => ({ table: showTable(table), reason }))
}

interface Goal {
  readonly table: TableShape
  readonly rows: number
}

const fillAll = async (client: Client, goals: readonly Goal[]) => {
  const missed: (Goal & { readonly reason: string })[] = []
  for (const goal of goals) {
    const present = await countRows(client, goal.table)
    const reason = await addRows(client, goal.table, { present, missing: goal.rows - present })
    if (reason !== undefined) missed.push({ ...goal, reason })
  }
  return missed
}

/** A cycle is entered where it is met. */
const inOrderOfReferences = (tables: readonly TableShape[]): readonly TableShape[] => {
  const ordered = new Set<TableShape>()
  const entered = new Set<TableShape>()
  const visit = (table: TableShape): void => {
    if (entered.has(table)) return
    entered.add(table)
    for (const { schema, table: name } of table.references) {
      const parent = tables.find((candidate) => candidate.schema === schema && candidate.name === name)
      if (parent !== undefined) visit(parent)
    }
    ordered.add(table)
  }
  for (const table of tables) visit(table)
  return [...ordered]
}

export const sqlName = ({ schema, name }: Pick<TableShape, 'schema' | 'name'>): string =>
  `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`

const countRows = async (client: Client, table: TableShape): Promise<number> => {
  const { rows } = await client.query<{ readonly count: number }>(`select count(*)::int from ${sqlName(table)}`)
  return rows[0]?.count ?? 0
}

interface Wish {
  readonly present: number
  readonly missing: number
}

/** @returns why a row could not be added */
const addRows = async (client: Client, table: TableShape, { present, missing }: Wish): Promise<string | undefined> => {
  let n = present
  for (let added = 0; added < missing; added += 1) {
    const outcome = await addRow(client, table, n)
    if (typeof outcome === 'string') return outcome
    n = outcome
  }
  return undefined
}

/** unique_violation, exclusion_violation: another number may do. */
const isTaken: ReadonlySet<string | undefined> = new Set(['23505', '23P01'])
/** check_violation; a row that no partition takes is one as well. */
const checkViolation = '23514'

/** @returns the number of the row that was added, or why there is none */
const addRow = async (client: Client, table: TableShape, last: number): Promise<number | string> => {
  let reason = 'no value is known that fits'
  for (let n = last + 1; n <= last + numbersTried; n += 1) {
    const referenced = await referencedValues(client, table, n)
    if (typeof referenced === 'string') return referenced
    for (const row of [fullRow(table, n), leastRow(table, n)]) {
      const error = await insertSolved(client, table, { ...row, ...referenced }, n)
      if (error === undefined) return n
      reason = error.message
      if (isTaken.has(error.code)) break
    }
  }
  return reason
}

const insertSolved = async (
  client: Client,
  table: TableShape,
  row: Row,
  n: number,
): Promise<DatabaseError | undefined> => {
  const error = await insert(client, table, row)
  if (error?.code !== checkViolation) return error
  return await insert(client, table, await solveChecks(client, table, row, n))
}

const insert = async (client: Client, table: TableShape, row: Row): Promise<DatabaseError | undefined> => {
  const columns = Object.keys(row)
  const list = columns.map(escapeIdentifier).join(', ')
  const marks = columns.map((_, index) => `$${index + 1}`).join(', ')
  const values = columns.length === 0 ? 'default values' : `(${list}) values (${marks})`
  try {
    await client.query(`insert into ${sqlName(table)} ${values}`, Object.values(row))
    return undefined
  } catch (error) {
    if (error instanceof DatabaseError) return error
    throw error
  }
}

/** Points to rows that are there, another one for each number; to nothing where nothing is there and nothing may be pointed to. */
const referencedValues = async (client: Client, table: TableShape, n: number): Promise<Row | string> => {
  const values: Record<string, string | null> = {}
  for (const reference of table.references) {
    const target = await referencedRow(client, reference, n)
    const own = reference.columns.map((name) => table.columns.find((column) => column.name === name))
    if (target === undefined && own.some(mustHaveValue))
      return `${showTable(targetOf(reference))} has no row to point to`
    for (const [index, name] of reference.columns.entries()) values[name] = target?.[index] ?? null
  }
  return values
}

const mustHaveValue = (column: ColumnShape | undefined): boolean => column?.notNull === true

const targetOf = ({ schema, table }: Reference) => ({ schema, name: table })

const referencedRow = async (client: Client, reference: Reference, n: number) => {
  const { targets } = reference
  const list = targets.map((name) => `${escapeIdentifier(name)}::text`).join(', ')
  const table = sqlName(targetOf(reference))
  const { rows } = await client.query<(string | null)[]>({
    text: `select ${list} from ${table} order by ${targets.map(escapeIdentifier).join(', ')}
      offset (select $1::bigint % greatest(count(*), 1) from ${table}) limit 1`,
    values: [n - 1],
    rowMode: 'array',
  })
  return rows[0]
}

import type { Client } from 'pg'
import { sqlName } from './seed.ts'
import { showTable, type TableShape } from './table-shape.ts'

/** A table's rows as they were at one moment. */
export interface TableRows {
  readonly table: string
  readonly key: readonly string[]
  readonly rows: readonly JsonRow[]
}

type JsonRow = Readonly<Record<string, unknown>>

/** What rows or values were there before and are not there after. */
export interface DataLoss {
  readonly table: string
  /** Absent where whole rows are gone. */
  readonly column?: string
  readonly lost: number
  /** Of how many rows, or values that were not null. */
  readonly of: number
}

/** Reads all rows of these tables; they are the seeded ones, so they are few. */
export async function readRows(client: Client, tables: readonly TableShape[]): Promise<readonly TableRows[]> {
  const read: TableRows[] = []
  for (const table of tables) {
    const from = table.partitioned ? sqlName(table) : `only ${sqlName(table)}`
    const { rows } = await client.query<{ readonly row: JsonRow }>(`select to_jsonb(t) as row from ${from} t`)
    read.push({ table: showTable(table), key: table.key, rows: rows.map(({ row }) => row) })
  }
  return read
}

/**
 * Counts what of the rows before is gone after. Rows with a primary key are followed by it; of the others, values are counted.
 */
export function lossesBetween(before: readonly TableRows[], after: readonly TableRows[]): readonly DataLoss[] {
  const found = new Map(after.map((table) => [table.table, table]))
  return before.flatMap((table) => {
    const there = found.get(table.table)?.rows ?? []
    return table.key.length > 0 ? keyedLosses(table, there) : countedLosses(table, there)
  })
}

const keyedLosses = ({ table, key, rows }: TableRows, after: readonly JsonRow[]): readonly DataLoss[] => {
  const keyOf = (row: JsonRow): string => JSON.stringify(key.map((column) => row[column]))
  const found = new Map(after.map((row) => [keyOf(row), row]))
  const kept = rows.filter((row) => found.has(keyOf(row)))
  const columns = columnsOf(kept).flatMap((column) => {
    const values = kept.filter((row) => isValue(row[column]))
    const lost = values.filter((row) => textOf(row[column]) !== textOf(found.get(keyOf(row))?.[column]))
    return lossOf({ table, column, lost: lost.length, of: values.length })
  })
  return [...lossOf({ table, lost: rows.length - kept.length, of: rows.length }), ...columns]
}

const countedLosses = ({ table, rows }: TableRows, after: readonly JsonRow[]): readonly DataLoss[] => {
  const gone = Math.max(0, rows.length - after.length)
  if (gone > 0) return lossOf({ table, lost: gone, of: rows.length })
  return columnsOf(rows).flatMap((column) => {
    const values = rows.map((row) => row[column]).filter(isValue)
    const left = Map.groupBy(after, (row) => textOf(row[column]))
    const wanted = Map.groupBy(values, textOf)
    const kept = [...wanted].map(([text, alike]) => Math.min(alike.length, left.get(text)?.length ?? 0))
    return lossOf({
      table,
      column,
      lost: values.length - kept.reduce((sum, count) => sum + count, 0),
      of: values.length,
    })
  })
}

const columnsOf = (rows: readonly JsonRow[]): readonly string[] => Object.keys(rows[0] ?? {})
const isValue = (value: unknown): boolean => value !== null && value !== undefined
const textOf = (value: unknown): string => JSON.stringify(value) ?? ''
const lossOf = (loss: DataLoss): readonly DataLoss[] => (loss.lost > 0 ? [loss] : [])

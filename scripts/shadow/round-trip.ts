import type { Failure } from '../../functions/domain/errors.ts'
import type { Receipt } from '../../functions/domain/receipt.ts'
import type { StepSource } from '../../functions/domain/step-source.ts'
import { type Catalog, readCatalog } from './catalog.ts'
import { differencesOf, withoutPositions } from './catalog-difference.ts'
import { irreversibleText, listed, reversibleText } from './certificate-text.ts'
import type { ScratchTarget } from './scratch-target.ts'
import { seed, type Unfilled } from './seed.ts'
import { type DataLoss, lossesBetween, readRows, type TableRows } from './table-rows.ts'
import { readTableShapes, type TableShape } from './table-shape.ts'

/** What came of a migration that was applied, taken back and applied again. */
export interface RoundTrip {
  readonly text: string
  readonly reversible: boolean
  /** Why the way back failed on the rows that were there; without them it may not. */
  readonly failedDown?: string
  /** Tables that had too few rows to show a loss. */
  readonly unfilled: readonly Unfilled[]
  /** What the certificate does not say: what is only seen by reading closely. */
  readonly notes: readonly string[]
}

/** How many rows each table is to have before the migration, and how many each table that it touched is to get after it. */
export interface SeededRows {
  readonly before: number
  readonly since: number
}

/** The migration itself failed: nothing can be said of its way back. */
export interface FailedThere {
  readonly failure: Failure
}

/**
 * Applies a migration, takes it back and applies it again, on a database with rows in it, and compares the catalog and the rows of
 * the four moments. The database is as it should be afterwards only where the result is reversible.
 *
 */
export async function roundTrip(
  target: ScratchTarget,
  source: StepSource,
  rows: SeededRows,
): Promise<RoundTrip | FailedThere> {
  const before = await lookBefore(target, rows.before)
  const there = await target.up(source)
  if (there.failure !== undefined) return { failure: there.failure }
  const after = await lookAfter(target, before, rows.since)
  const unfilled = [...new Map([...before.unfilled, ...after.unfilled].map((each) => [each.table, each])).values()]
  const end = { unfilled, notes: [] }
  const irreversible = (why: string): RoundTrip => ({ ...end, text: irreversibleText(why), reversible: false })

  const back = await target.down(source)
  if (back.failure !== undefined) {
    const failedDown = `${nameOfDown(source)} fails: ${showFailure(back)}`
    return { ...irreversible(failedDown), failedDown }
  }
  const undone = await look(target)
  const left = differencesOf(withoutPositions(before.catalog), withoutPositions(undone.catalog))
  if (left.length > 0) return irreversible(`after ${nameOfDown(source)}, ${listed(left)}`)
  const again = await target.up(source)
  if (again.failure !== undefined)
    return irreversible(`after ${nameOfDown(source)} it can't be applied again: ${showFailure(again)}`)
  const redone = await look(target)
  const other = differencesOf(withoutPositions(after.catalog), withoutPositions(redone.catalog))
  if (other.length > 0) return irreversible(`applied again after ${nameOfDown(source)}, ${listed(other)}`)

  const lostBefore = lossesBetween(before.rows, undone.rows)
  const lostSince = lossesBetween(after.rows, redone.rows).filter(
    (loss) => !lostBefore.some((known) => isSame(loss, known)),
  )
  return {
    ...end,
    text: reversibleText({ since: lostSince, before: lostBefore }),
    reversible: true,
    notes: movedColumns(before.catalog, undone.catalog),
  }
}

interface Look {
  readonly catalog: Catalog
  readonly tables: readonly TableShape[]
  readonly rows: readonly TableRows[]
}

interface SeededLook extends Look {
  readonly unfilled: readonly Unfilled[]
}

const look = async ({ client }: ScratchTarget, known?: readonly TableShape[]): Promise<Look> => {
  const tables = known ?? (await readTableShapes(client))
  return { catalog: await readCatalog(client), tables, rows: await readRows(client, tables) }
}

const lookBefore = async (target: ScratchTarget, rows: number): Promise<SeededLook> => {
  const tables = await readTableShapes(target.client)
  const unfilled = await seed(target.client, tables, (_, present) => Math.max(rows, present))
  return { ...(await look(target, tables)), unfilled }
}

/** Writes rows as the application would after the migration: into new tables, and into those whose rows now look otherwise. */
const lookAfter = async (target: ScratchTarget, before: Look, rows: number): Promise<SeededLook> => {
  const known = new Map(before.tables.map((table) => [`${table.schema}.${table.name}`, JSON.stringify(table)]))
  const tables = await readTableShapes(target.client)
  const unfilled = await seed(target.client, tables, (table, present) => {
    const shape = known.get(`${table.schema}.${table.name}`)
    return shape === JSON.stringify(table) ? present : present + rows
  })
  return { ...(await look(target, tables)), unfilled }
}

const nameOfDown = ({ wayBack }: StepSource): string => wayBack?.down?.path.split('/').at(-1) ?? 'the way back'

const showFailure = ({ failure, migration }: Receipt): string => {
  const at = failure?.place === undefined ? '' : ` (line ${failure.place.line})`
  return `${failure?.message.replace(`${migration} failed: `, '')}${at}`
}

const isSame = (a: DataLoss, b: DataLoss): boolean => a.table === b.table && a.column === b.column

const movedColumns = (before: Catalog, after: Catalog): readonly string[] => {
  const tables = differencesOf({ columns: before.columns ?? [] }, { columns: after.columns ?? [] })
  return tables.length === 0
    ? []
    : [`columns stand in another order after the way back: ${listed(tables.map(columnName))}`]
}

const columnName = (difference: string): string => difference.replace(/^column /, '').replace(/ is .*$/, '')

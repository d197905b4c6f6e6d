import type { Failure } from '../../functions/domain/errors.ts'
import type { Migration } from '../../functions/domain/migration.ts'
import type { StepSource } from '../../functions/domain/step-source.ts'
import { irreversibleText } from './certificate-text.ts'
import { type FailedThere, type RoundTrip, roundTrip, type SeededRows } from './round-trip.ts'
import type { ScratchHistory } from './scratch-history.ts'

export interface Attempt {
  /** All of the history, of which `index` is tried. */
  readonly migrations: readonly Migration[]
  readonly index: number
  readonly source: StepSource
  /** Rows a table. */
  readonly rows: number
}

/** What came of a way back. */
export interface TriedWayBack extends RoundTrip {
  /** True where it gives the schema back as long as there are fewer rows than were tried first. */
  readonly worksWithFewerRows: boolean
}

/**
 * Tries a way back with rows written before and after its migration, and where it fails on them, with fewer, down to none: a new
 * value of an enum, or a column that must not be null, is what most often has no place in the schema before. Where the migration
 * itself fails on generated rows, it is tried without any before it.
 *
 * The database has the migration applied afterwards, whatever came of it.
 */
export async function tryWayBack(scratch: ScratchHistory, attempt: Attempt): Promise<TriedWayBack | FailedThere> {
  const { migrations, index, source, rows } = attempt
  const first = await roundTrip(scratch.target, source, { before: rows, since: rows })
  if ('failure' in first) return await tryOnEmpty(scratch, attempt, first.failure)
  if (first.reversible) return { ...first, worksWithFewerRows: true }
  let latest = first
  for (const [when, seeded] of fewerRows(rows)) {
    if (latest.failedDown === undefined) break
    await scratch.rebuild(migrations.slice(0, index))
    const trip = await roundTrip(scratch.target, source, seeded)
    if ('failure' in trip) return trip
    latest = trip
    const text = irreversibleText(`${when}${first.failedDown}`)
    if (trip.reversible) return { ...first, text, worksWithFewerRows: true }
  }
  await scratch.rebuild(migrations.slice(0, index + 1))
  // with the fewest rows it says what is wrong with the script itself
  return { ...latest, worksWithFewerRows: false }
}

/** Fewer and fewer rows, and what a failure on more of them means when these pass. */
const fewerRows = (rows: number): readonly (readonly [string, SeededRows])[] => [
  ['once rows were written after it, ', { before: rows, since: 0 }],
  ['once its tables have rows, ', { before: 0, since: 0 }],
]

/** Nobody has rows such as the generated ones; a migration that fails on them may be right for those that are there. */
const tryOnEmpty = async (
  scratch: ScratchHistory,
  { migrations, index, source, rows }: Attempt,
  failure: Failure,
): Promise<TriedWayBack | FailedThere> => {
  await scratch.rebuild(migrations.slice(0, index))
  const trip = await roundTrip(scratch.target, source, { before: 0, since: rows })
  if ('failure' in trip) return trip
  if (!trip.reversible) await scratch.rebuild(migrations.slice(0, index + 1))
  const note = `tried without rows from before it, since it fails on the generated ones: ${failure.message}`
  return { ...trip, notes: [...trip.notes, note], worksWithFewerRows: trip.reversible }
}

/**
 * Applies a migration that is not tried, to a database whose generated rows may stand in its way.
 *
 * @returns why it can't be applied even to empty tables
 */
export async function applyOnly(
  scratch: ScratchHistory,
  { migrations, index, source }: Omit<Attempt, 'rows'>,
): Promise<Failure | undefined> {
  const { failure } = await scratch.target.up(source)
  if (failure === undefined) return undefined
  await scratch.rebuild(migrations.slice(0, index))
  return (await scratch.target.up(source)).failure
}

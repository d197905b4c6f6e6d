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
 * value of an enum, or a column that must not be null, is what most often has no place in the schema before.
 *
 * The database has the migration applied afterwards, whatever came of it.
 */
export async function tryWayBack(scratch: ScratchHistory, attempt: Attempt): Promise<TriedWayBack | FailedThere> {
  const { migrations, index, source, rows } = attempt
  let first: RoundTrip | undefined
  let latest: RoundTrip | undefined
  for (const [when, seeded] of rowsTried(rows)) {
    if (first !== undefined) await scratch.rebuild(migrations.slice(0, index))
    const trip = await roundTrip(scratch.target, source, seeded)
    if ('failure' in trip) return trip
    if (trip.reversible) {
      if (first === undefined) return { ...trip, worksWithFewerRows: true }
      const text = irreversibleText(`${when}${first.failedDown}`)
      return { ...first, text, worksWithFewerRows: true }
    }
    first ??= trip
    latest = trip
    if (trip.failedDown === undefined) break
  }
  await scratch.rebuild(migrations.slice(0, index + 1))
  // without rows it says what is wrong with the script itself
  const last = latest ?? { text: irreversibleText('it was not tried'), reversible: false, unfilled: [], notes: [] }
  return { ...last, worksWithFewerRows: false }
}

/** Which rows are tried one after the other, and what a failure on the first of them means when these pass. */
const rowsTried = (rows: number): readonly (readonly [string, SeededRows])[] => [
  ['', { before: rows, since: rows }],
  ['once rows were written after it, ', { before: rows, since: 0 }],
  ['once its tables have rows, ', { before: 0, since: 0 }],
]

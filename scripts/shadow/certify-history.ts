import type { Failure } from '../../functions/domain/errors.ts'
import type { Migration } from '../../functions/domain/migration.ts'
import { irreversibleText } from './certificate-text.ts'
import { type RoundTrip, roundTrip } from './round-trip.ts'
import { type HistoryParts, openScratchHistory, type ScratchHistory } from './scratch-history.ts'

export interface CertifyOptions extends HistoryParts {
  readonly migrations: readonly Migration[]
  /** Rows a table. */
  readonly rows: number
  /** Told before each migration, of how many were done. */
  onStart(migration: Migration, done: number): void
  /** Told of each migration with a way back. */
  onCertified(migration: Migration, trip: RoundTrip): void
}

/**
 * Applies a history to an empty database, and each migration that has a way back three times: there, back, and there again.
 *
 * @returns why a migration can't be applied at all; what comes after it is then not certified
 */
export async function certifyHistory(options: CertifyOptions): Promise<Failure | undefined> {
  await using scratch = await openScratchHistory(options)
  for (const [done, migration] of options.migrations.entries()) {
    options.onStart(migration, done)
    const failure =
      migration.down === undefined
        ? (await scratch.target.up(scratch.compile(migration))).failure
        : await certify(options, scratch, done)
    if (failure !== undefined) return failure
  }
  return undefined
}

const certify = async (
  { migrations, rows, onCertified }: CertifyOptions,
  scratch: ScratchHistory,
  index: number,
): Promise<Failure | undefined> => {
  const [migration] = migrations.slice(index, index + 1)
  if (migration === undefined) return undefined
  const source = scratch.compile(migration)
  const trip = await roundTrip(scratch.target, source, { before: rows, since: rows })
  if ('failure' in trip) return trip.failure
  if (trip.failedDown === undefined) {
    onCertified(migration, trip)
    if (!trip.reversible) await scratch.rebuild(migrations.slice(0, index + 1))
    return undefined
  }
  await scratch.rebuild(migrations.slice(0, index))
  const other = await roundTrip(scratch.target, source, { before: rows, since: 0 })
  if ('failure' in other) return other.failure
  onCertified(migration, other.reversible ? onlyAtOnce(trip, trip.failedDown) : trip)
  if (!other.reversible) await scratch.rebuild(migrations.slice(0, index + 1))
  return undefined
}

/** A new value of an enum, or of a looser column, is what most often has no place in the schema before. */
const onlyAtOnce = (trip: RoundTrip, failedDown: string): RoundTrip => ({
  ...trip,
  text: irreversibleText(`once rows were written after it, ${failedDown}`),
})

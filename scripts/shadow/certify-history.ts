import type { Failure } from '../../functions/domain/errors.ts'
import type { Migration } from '../../functions/domain/migration.ts'
import type { RoundTrip } from './round-trip.ts'
import { type HistoryParts, openScratchHistory, type ScratchHistory } from './scratch-history.ts'
import { tryWayBack } from './try-way-back.ts'

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
  const tried = await tryWayBack(scratch, { migrations, index, source, rows })
  if ('failure' in tried) return tried.failure
  onCertified(migration, tried)
  return undefined
}

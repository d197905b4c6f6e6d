import type { Failure } from '../../functions/domain/errors.ts'
import type { Migration } from '../../functions/domain/migration.ts'
import type { RoundTrip } from './round-trip.ts'
import { type HistoryParts, openScratchHistory } from './scratch-history.ts'
import { applyOnly, tryWayBack } from './try-way-back.ts'

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
  const { migrations, rows, onStart, onCertified } = options
  await using scratch = await openScratchHistory(options)
  for (const [index, migration] of migrations.entries()) {
    onStart(migration, index)
    const attempt = { migrations, index, source: scratch.compile(migration), rows }
    const tried =
      migration.down === undefined ? { failure: await applyOnly(scratch, attempt) } : await tryWayBack(scratch, attempt)
    if (!('failure' in tried)) onCertified(migration, tried)
    else if (tried.failure !== undefined) return tried.failure
  }
  return undefined
}

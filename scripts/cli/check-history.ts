import { join } from 'node:path'
import { loadSqlParser } from '../../functions/adapters/libpg-parser.ts'
import { compileStep } from '../../functions/domain/compile-step.ts'
import { type Failure, toFailure } from '../../functions/domain/errors.ts'
import type { FileSource } from '../../functions/domain/file-source.ts'
import { readHistory } from '../../functions/domain/history.ts'
import type { Migration } from '../../functions/domain/migration.ts'
import type { SqlParser } from '../../functions/domain/sql-parser.ts'
import type { MigrationName, Notice } from '../../functions/domain/types.ts'
import type { HistoryInput } from './history-input.ts'
import type { Output } from './output.ts'
import { showPath } from './paths.ts'
import { count } from './units.ts'

/** What can be said of a history without any database. */
export interface CheckReport {
  readonly migrations: readonly Migration[]
  readonly notices: readonly Notice[]
  /** One for each migration that would be refused. */
  readonly failures: readonly Failure[]
  /** Those that say by a directive that there is no way back. */
  readonly irreversible: readonly MigrationName[]
}

/**
 * Finds everything that can be refused before anything runs: in the history, and in each migration's SQL.
 *
 * Places in a folder name their file as it can be opened from `cwd`.
 *
 * @throws LockstepError when the history as a whole can't be read
 */
export async function checkHistory(input: HistoryInput, cwd: string): Promise<CheckReport> {
  const { bundle } = input
  const history = readHistory(bundle)
  const parse = await loadSqlParser()
  const notices = [...history.notices]
  const failures: Failure[] = []
  const irreversible: MigrationName[] = []
  for (const migration of history.migrations) {
    const found = checkMigration(migration, bundle, parse)
    notices.push(...found.notices)
    irreversible.push(...found.irreversible)
    failures.push(...found.failures.map((failure) => placeInFolder(failure, input, cwd)))
  }
  return { migrations: history.migrations, notices, failures, irreversible }
}

const checkMigration = (
  migration: Migration,
  source: FileSource,
  parse: SqlParser,
): Omit<CheckReport, 'migrations'> => {
  try {
    const { notices, directives } = compileStep(migration, source, parse)
    return { notices, failures: [], irreversible: directives.irreversible === undefined ? [] : [migration.name] }
  } catch (thrown) {
    return { notices: [], failures: [{ ...toFailure(thrown), migration: migration.name }], irreversible: [] }
  }
}

/** Names a place in a folder as it can be opened from `cwd`; a place inside a zip stays as it is. */
export const placeInFolder = (failure: Failure, { kind, path }: HistoryInput, cwd: string): Failure => {
  if (kind === 'zip' || failure.place === undefined) return failure
  return { ...failure, place: { ...failure.place, file: showPath(join(path, failure.place.file), cwd) } }
}

/** Says how much of a history would be refused. */
export const refusedSummary = ({ failures, migrations }: CheckReport, output: Output): string =>
  output.paint('red', `✗ ${failures.length} of ${count(migrations.length, 'migration')} refused`)

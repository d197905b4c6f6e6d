import { closestWord } from '../../functions/domain/closest-word.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import { type MigrationName, migrationName } from '../../functions/domain/types.ts'
import type { CheckReport } from './check-history.ts'
import type { HistoryInput } from './history-input.ts'

/**
 * Reads the names after `--reapply`. Those of a zip stay as they are: whoever packs refuses them all.
 *
 * @throws LockstepError USAGE for a name that the folder has not, which would release nothing
 */
export function wishedAgain(
  names: readonly string[],
  { kind }: HistoryInput,
  { migrations }: CheckReport,
): readonly MigrationName[] {
  const known: readonly string[] = migrations.map(({ name }) => name)
  const unknown = names.find((name) => !known.includes(name))
  if (kind === 'zip' || unknown === undefined) return names.map(migrationName)
  const meant = known.find((name) => name.includes(unknown)) ?? closestWord(unknown, known)
  throw new LockstepError('USAGE', `--reapply names ${unknown}, which the history has not`, {
    hint: meant === undefined ? 'name migrations as their folders are named' : `did you mean ${meant}?`,
  })
}

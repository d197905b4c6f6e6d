import { checkHistory } from '../cli/check-history.ts'
import type { Context, Outcome } from '../cli/command.ts'
import { openHistory } from '../cli/history-input.ts'
import { noticeLines } from '../cli/notices.ts'
import { count } from '../cli/units.ts'

/**
 * Says everything that would be refused before anything runs; needs no cloud and no database.
 *
 * @throws LockstepError PATH_NOT_FOUND, and what the bundle or the history as a whole is refused for
 */
export async function check({ output, cwd }: Context, { path }: { readonly path: string }): Promise<Outcome> {
  const input = await openHistory(path, cwd)
  const { migrations, notices, failures } = await checkHistory(input, cwd)
  for (const line of noticeLines(notices, output)) output.line(line)
  const withDown = migrations.filter((migration) => migration.down !== undefined).length
  const summary = `${count(migrations.length, 'migration')}, ${withDown} with a way back`
  if (failures.length === 0) output.line(`${output.paint('green', '✓')} ${summary}: nothing to refuse`)
  else output.line(`${output.paint('red', '✗')} ${summary}: ${count(failures.length, 'migration')} refused`)
  return {
    document: {
      migrations: migrations.map(({ name, checksum, form, down }) => ({
        name,
        checksum,
        form,
        down: down !== undefined,
      })),
      digest: input.bundle.digest,
      notices,
      errors: failures,
    },
    failures,
  }
}

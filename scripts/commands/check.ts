import { checkHistory, refusedSummary } from '../cli/check-history.ts'
import type { Context, Outcome } from '../cli/command.ts'
import { openHistory } from '../cli/history-input.ts'
import { noticeLines } from '../cli/notices.ts'
import { signatureLines, strangeSignatures, toSignatureDocument } from '../cli/sign-input.ts'
import { count } from '../cli/units.ts'

/**
 * Says everything that would be refused before anything runs; needs no cloud and no database.
 *
 * @throws LockstepError PATH_NOT_FOUND, and what the bundle or the history as a whole is refused for
 */
export async function check({ output, cwd }: Context, { path }: { readonly path: string }): Promise<Outcome> {
  const input = await openHistory(path, cwd)
  const report = await checkHistory(input, cwd)
  const { migrations, failures } = report
  const notices = [...report.notices, ...strangeSignatures(input.bundle)]
  for (const line of noticeLines(notices, output)) output.line(line)
  if (failures.length === 0) {
    const withDown = migrations.filter((migration) => migration.down !== undefined).length
    output.line(
      `${output.paint('green', '✓')} ${count(migrations.length, 'migration')}, ${withDown} with a way back: nothing to refuse`,
    )
  }
  const { signatures = [] } = input.bundle
  for (const line of signatureLines(signatures, output)) output.line(line)
  return {
    document: {
      migrations: migrations.map(({ name, checksum, form, down }) => ({
        name,
        checksum,
        form,
        down: down !== undefined,
      })),
      digest: input.bundle.digest,
      signatures: signatures.map(toSignatureDocument),
      notices,
      errors: failures,
    },
    failures,
    ...(failures.length > 0 && { closing: refusedSummary(report, output) }),
  }
}

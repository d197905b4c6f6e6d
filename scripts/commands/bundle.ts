import { writeFile } from 'node:fs/promises'
import { LockstepError } from '../../functions/domain/errors.ts'
import { checkHistory, refusedSummary } from '../cli/check-history.ts'
import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { openHistory } from '../cli/history-input.ts'
import { findCertificates } from '../cli/input-certificates.ts'
import { certifiedText, originText, packInput } from '../cli/packed-bundle.ts'
import { toAbsolute } from '../cli/paths.ts'
import { count, formatBytes } from '../cli/units.ts'

interface BundleInput {
  readonly path: string
  readonly out: string
}

/**
 * Packs a folder of migrations into a zip, after checking it; the same history and commit give the same bytes.
 *
 * @throws LockstepError PATH_NOT_FOUND, USAGE, and what the history is refused for
 */
export async function bundle({ output, cwd }: Context, { path, out }: BundleInput): Promise<Outcome> {
  const input = await openHistory(path, cwd)
  if (input.kind === 'zip') throw new LockstepError('USAGE', `${path} is a bundle already`, { hint: 'give the folder' })
  const report = await checkHistory(input, cwd)
  const { migrations, failures } = report
  const { certificates, notices: stale } = await findCertificates(input, report)
  const notices = [...report.notices, ...stale]
  if (failures.length > 0) {
    const closing = `${refusedSummary(report, output)}; no bundle was written`
    return { document: { notices, errors: failures }, failures, closing }
  }
  const { bytes, digest, origin } = await packInput(input, { certificates })
  await write(toAbsolute(out, cwd), bytes)
  output.line(
    `${output.paint('green', '✓')} ${out}: ${[count(migrations.length, 'migration'), certifiedText(certificates), formatBytes(bytes.length), originText(origin)].filter(Boolean).join(' · ')}`,
  )
  output.line(output.paint('dim', `  digest ${digest}`))
  return succeeded({
    file: out,
    bytes: bytes.length,
    digest,
    source: origin,
    migrations: migrations.length,
    certificates,
    notices,
  })
}

const write = async (file: string, bytes: Uint8Array): Promise<void> => {
  try {
    await writeFile(file, bytes)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new LockstepError('USAGE', `${file} can't be written: ${reason}`, {
      hint: 'give a path in a folder that exists',
      cause,
    })
  }
}

import { writeFile } from 'node:fs/promises'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import { checkHistory, refusedSummary } from '../cli/check-history.ts'
import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { openHistory } from '../cli/history-input.ts'
import { findCertificates } from '../cli/input-certificates.ts'
import type { SignOptions } from '../cli/options.ts'
import { certifiedText, originText, packInput } from '../cli/packed-bundle.ts'
import { toAbsolute } from '../cli/paths.ts'
import { signatureLines, signPacked, toSignatureDocument } from '../cli/sign-input.ts'
import { count, formatBytes } from '../cli/units.ts'

interface BundleInput extends SignOptions {
  readonly path: string
  readonly out: string
  /** The key; then the target must be there. */
  readonly sign?: string
  readonly target?: TargetName
}

/**
 * Packs a folder of migrations into a zip, after checking it; the same history and commit give the same bytes.
 *
 * @throws LockstepError PATH_NOT_FOUND, USAGE, KEY_INVALID, AWS_DENIED, AWS_UNREACHABLE, and what the history is refused for
 */
export async function bundle({ output, cwd }: Context, options: BundleInput): Promise<Outcome> {
  const { path, out } = options
  refuseHalfSigning(options)
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
  const { bytes, digest, origin, signatures } = await signPacked(await packInput(input, { certificates }), options, cwd)
  await write(toAbsolute(out, cwd), bytes)
  output.line(
    `${output.paint('green', '✓')} ${out}: ${[count(migrations.length, 'migration'), certifiedText(certificates), formatBytes(bytes.length), originText(origin)].filter(Boolean).join(' · ')}`,
  )
  output.line(output.paint('dim', `  digest ${digest}`))
  for (const line of signatureLines(signatures, output)) output.line(line)
  return succeeded({
    file: out,
    bytes: bytes.length,
    digest,
    source: origin,
    migrations: migrations.length,
    certificates,
    signatures: signatures.map(toSignatureDocument),
    notices,
  })
}

/** A signature is for one target; a target says nothing without one. */
const refuseHalfSigning = ({ sign, target }: BundleInput): void => {
  if ((sign === undefined) === (target === undefined)) return
  throw new LockstepError('USAGE', '--sign and --target of a bundle go together', {
    hint: '`lockstep bundle <dir> --out bundle.zip --sign <key> --target <name>`',
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

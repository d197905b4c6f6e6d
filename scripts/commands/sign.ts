import { rename, writeFile } from 'node:fs/promises'
import { LockstepError } from '../../functions/domain/errors.ts'
import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { openHistory } from '../cli/history-input.ts'
import { showPath } from '../cli/paths.ts'
import { type SignInput, signatureLines, signInput, toSignatureDocument } from '../cli/sign-input.ts'

/**
 * Adds a signature to a bundle that is packed already; its history, its digest and its other signatures stay as they are.
 *
 * @throws LockstepError PATH_NOT_FOUND, USAGE, KEY_INVALID, AWS_DENIED, AWS_UNREACHABLE, and what a bundle can be refused for
 */
export async function sign(
  { output, cwd }: Context,
  { path, ...wish }: SignInput & { readonly path: string },
): Promise<Outcome> {
  const input = await openHistory(path, cwd)
  if (input.kind === 'folder') {
    throw new LockstepError('USAGE', `${path} is a folder, expected a bundle`, {
      hint: 'pack and sign it in one with `lockstep bundle <dir> --out bundle.zip --sign <key> --target <name>`',
    })
  }
  const { bytes, signed } = await signInput(input.bytes, wish, cwd)
  if (bytes !== input.bytes) await replace(input.path, bytes)
  const { digest } = input.bundle
  const file = showPath(input.path, cwd)
  output.line(`${output.paint('green', '✓')} ${file}: digest ${digest.slice(0, shownDigits)}, as before`)
  for (const line of signatureLines([signed], output)) output.line(line)
  return succeeded({ file, digest, signature: toSignatureDocument(signed) })
}

const shownDigits = 12

/** Whole or not at all: half a bundle would be worth less than an unsigned one. */
const replace = async (file: string, bytes: Uint8Array): Promise<void> => {
  const aside = `${file}.${process.pid}`
  await writeFile(aside, bytes)
  await rename(aside, file)
}

import { publicKeyFile, writeKeyFile } from '../../functions/adapters/key-file.ts'
import { keyIdOf } from '../../functions/domain/signer.ts'
import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { showPath, toAbsolute } from '../cli/paths.ts'

/**
 * Makes a key pair to sign bundles with, in two new files.
 *
 * @throws LockstepError USAGE when one of them is there already
 */
export async function keygen({ output, cwd }: Context, { file }: { readonly file: string }): Promise<Outcome> {
  const path = toAbsolute(file, cwd)
  const publicKey = await writeKeyFile(path)
  const files = [path, publicKeyFile(path)].map((each) => showPath(each, cwd))
  const key = keyIdOf(publicKey)
  output.line(`${output.paint('green', '✓')} ${files[0]}: the private key; keep it where only releases can read it`)
  output.line(`  ${files[1]}: the public key`)
  output.line()
  output.line('For the settings of the targets that shall accept it, below policy.signers, with an id of your choice:')
  output.line(`  ${JSON.stringify({ id: 'release', publicKey })}`)
  return succeeded({ files, key, publicKey })
}

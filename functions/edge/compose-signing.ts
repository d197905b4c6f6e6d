import { readKeyFile } from '../adapters/key-file.ts'
import { isKmsKey, openKmsKey, regionOfKey } from '../adapters/kms-key.ts'
import { LockstepError } from '../domain/errors.ts'
import type { SigningKey } from '../engine/signing-key.ts'
import { patient } from './client-options.ts'

/**
 * Opens the key that a statement is to be signed with: one of KMS by its id, ARN or alias, else a file. Only for the former the SDK
 * of KMS is loaded, which no function and no other command needs.
 *
 * @throws LockstepError KEY_INVALID, AWS_DENIED, AWS_UNREACHABLE; USAGE where that SDK is not installed
 */
export async function openSigningKey(name: string, toPath: (name: string) => string): Promise<SigningKey> {
  if (!isKmsKey(name)) return await readKeyFile(toPath(name))
  const sdk = await loadKms()
  const region = regionOfKey(name)
  const { KMSClient } = sdk
  const client = new KMSClient({ requestHandler: patient, ...(region !== undefined && { region }) })
  return await openKmsKey(client, sdk, name)
}

const loadKms = () =>
  import('@aws-sdk/client-kms').catch((cause: unknown) => {
    throw new LockstepError('USAGE', 'the SDK of KMS is not installed', {
      hint: '`npm ci` installs it, unless optional packages are left out',
      cause,
    })
  })

import type { Bundle } from '../domain/bundle.ts'
import { LockstepError } from '../domain/errors.ts'
import { isFinderFile } from '../domain/file-rules.ts'
import { commonRoot } from '../domain/history-files.ts'
import type { BundleLimits } from '../domain/settings.ts'
import { printSignatureFile, type SignedStatement, signaturePath } from '../domain/signature-file.ts'
import { isSignedBy, keyIdOf } from '../domain/signer.ts'
import type { BundleStatement } from '../domain/statement.ts'
import type { SigningKey } from '../engine/signing-key.ts'
import { openBundle } from './bundle-reader.ts'
import { appendToZip } from './zip-append.ts'
import { readZipDirectory } from './zip-directory.ts'

/** What the signer decides; the rest of a statement follows from bundle and key. */
export type SigningWish = Pick<BundleStatement, 'target' | 'parent' | 'expires'>

export interface SignedBundle {
  readonly bytes: Uint8Array
  readonly signed: SignedStatement
}

/**
 * Puts a signed statement into a bundle; its digest, its manifest and the signatures that it has stay as they are. A statement that
 * lies there already is not put there twice.
 *
 * @throws LockstepError KEY_INVALID when the signature does not verify with the key's public half; USAGE without a manifest; what
 *   the bundle is refused for, also once it has one signature more; what the key throws
 */
export async function signBundle(
  bytes: Uint8Array,
  { key, wish, limits }: { readonly key: SigningKey; readonly wish: SigningWish; readonly limits: BundleLimits },
): Promise<SignedBundle> {
  const bundle = await openBundle(bytes, limits)
  const statement = stateOf(bundle, key, wish)
  const path = signaturePath(statement)
  const there = bundle.signatures?.find((signed) => signed.path === path && isSignedBy(signed, signerOf(key)))
  if (there !== undefined) return { bytes, signed: there }
  const signed = { path, statement, signature: await key.sign(statement) }
  if (!isSignedBy(signed, signerOf(key))) {
    throw new LockstepError('KEY_INVALID', 'the signature does not verify with the public half of its key')
  }
  const root = commonRoot(await pathsOf(bytes, limits))
  const added = await appendToZip(bytes, root + path, Buffer.from(printSignatureFile(signed)))
  await openBundle(added, limits)
  return { bytes: added, signed }
}

const pathsOf = async (bytes: Uint8Array, limits: BundleLimits): Promise<readonly string[]> => {
  const entries = await readZipDirectory(Buffer.from(bytes), limits)
  return entries.map(({ path }) => path).filter((path) => !isFinderFile(path))
}

const signerOf = ({ publicKey }: SigningKey) => ({ id: 'this key', publicKey })

function stateOf({ digest, manifestDigest }: Bundle, { publicKey }: SigningKey, wish: SigningWish): BundleStatement {
  if (manifestDigest !== undefined) return { digest, manifest: manifestDigest, key: keyIdOf(publicKey), ...wish }
  throw new LockstepError('USAGE', 'a zip without a manifest has nothing that could be signed', {
    hint: 'make the bundle with `lockstep bundle <dir> --out bundle.zip`, which writes one',
  })
}

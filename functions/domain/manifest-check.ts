import type { BundleManifest } from './bundle-manifest.ts'
import type { ErrorCode } from './error-table.ts'
import { LockstepError } from './errors.ts'
import type { FileRef } from './file-source.ts'
import { listNames } from './names.ts'

/**
 * Refuses a bundle whose files are not exactly the ones that its manifest lists; their contents are not looked at.
 *
 * @throws LockstepError MANIFEST_FILE_MISSING, MANIFEST_FILE_UNLISTED; `names` has all of them
 */
export function checkListing(manifest: BundleManifest, paths: readonly string[]): void {
  const listed = new Set(manifest.files.map((file) => file.path))
  const present = new Set(paths)
  refuseAny(
    'MANIFEST_FILE_MISSING',
    'listed in the manifest and not in the bundle',
    [...listed].filter((path) => !present.has(path)),
  )
  refuseAny(
    'MANIFEST_FILE_UNLISTED',
    'in the bundle and not listed in the manifest',
    [...present].filter((path) => !listed.has(path)),
  )
}

const refuseAny = (code: ErrorCode, what: string, names: readonly string[]): void => {
  if (names.length === 0) return
  throw new LockstepError(code, `${what}: ${listNames(names)}`, { names })
}

/**
 * Refuses a file that is not, byte for byte, what the manifest lists.
 *
 * @throws LockstepError MANIFEST_FILE_MISMATCH
 */
export function checkFile(listed: FileRef, found: FileRef): void {
  if (found.bytes === listed.bytes && found.sha256 === listed.sha256) return
  const difference =
    found.bytes === listed.bytes
      ? `SHA-256 ${found.sha256}, the manifest says ${listed.sha256}`
      : `${found.bytes} bytes, the manifest says ${listed.bytes}`
  throw new LockstepError('MANIFEST_FILE_MISMATCH', `${found.path} has ${difference}`, { names: [found.path] })
}

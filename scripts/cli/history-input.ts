import { readFile, stat } from 'node:fs/promises'
import { openBundle } from '../../functions/adapters/bundle-reader.ts'
import { openFolder } from '../../functions/adapters/folder-history.ts'
import type { Bundle } from '../../functions/domain/bundle.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import { defaultLimits, maxObjectBytes } from '../../functions/domain/limits.ts'
import { toAbsolute } from './paths.ts'

/** A history as it was given: a folder, or a bundle with the very bytes of its zip. */
export type HistoryInput =
  | { readonly kind: 'folder'; readonly path: string; readonly bundle: Bundle }
  | { readonly kind: 'zip'; readonly path: string; readonly bundle: Bundle; readonly bytes: Uint8Array }

/**
 * Opens a folder of migrations or a zip, and validates every file of it.
 *
 * @throws LockstepError PATH_NOT_FOUND, and whatever a bundle can be refused for
 */
export async function openHistory(path: string, cwd: string): Promise<HistoryInput> {
  const absolute = toAbsolute(path, cwd)
  const found = await stat(absolute).catch(() => undefined)
  if (found === undefined) throw new LockstepError('PATH_NOT_FOUND', `there is no folder or file ${path}`)
  if (found.isDirectory()) return { kind: 'folder', path: absolute, bundle: await openFolder(absolute, defaultLimits) }
  if (!found.isFile()) throw new LockstepError('PATH_NOT_FOUND', `${path} is neither a folder nor a file`)
  refuseLarge(path, found.size)
  const bytes = await readFile(absolute)
  return { kind: 'zip', path: absolute, bytes, bundle: await openBundle(bytes, defaultLimits) }
}

/** Before a file is read that no limit would let through. */
const refuseLarge = (path: string, bytes: number): void => {
  const most = maxObjectBytes(defaultLimits)
  if (bytes <= most) return
  throw new LockstepError('BUNDLE_TOO_LARGE', `${path} has ${bytes} bytes, at most ${most} are allowed`)
}

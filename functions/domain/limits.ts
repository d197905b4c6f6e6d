import { LockstepError } from './errors.ts'
import type { BundleLimits } from './settings.ts'

const MiB = 1024 * 1024

/** What a bundle may hold unless the target's settings say otherwise. */
export const defaultLimits: BundleLimits = {
  files: 5_000,
  fileBytes: 16 * MiB,
  inflatedBytes: 256 * MiB,
  ratio: 200,
}

/** Up to this size a file is no bomb, however well it compresses; `inflatedBytes` still bounds all of them together. */
export const ratioFloorBytes = MiB

/** Folders and files of other kinds beside each file of the history: what Finder adds, and some room. */
const entriesPerFile = 4
/** Headers, names and the manifest's share of each entry. */
const overheadBytesPerFile = 4 * 1024

/** Entries of any kind, folders included, that a zip or a folder may have before it is read on. */
export const maxEntries = (limits: BundleLimits): number => limits.files * entriesPerFile

/** Bytes of the largest zip that can be within the limits: everything stored, nothing compressed. */
export const maxObjectBytes = (limits: BundleLimits): number =>
  limits.inflatedBytes + limits.files * overheadBytesPerFile

/** A file's size before it is read, and its size inside the zip where it comes from one. */
export interface SizedFile {
  readonly path: string
  readonly bytes: number
  readonly packedBytes?: number
}

/**
 * Refuses files that are past a limit, by the sizes that they claim; whoever inflates them holds them to the claim.
 *
 * @throws LockstepError BUNDLE_TOO_MANY_FILES, BUNDLE_FILE_TOO_LARGE, BUNDLE_RATIO, BUNDLE_TOO_LARGE
 */
export function checkLimits(files: readonly SizedFile[], limits: BundleLimits): void {
  if (files.length > limits.files) throw tooManyFiles(files.length, limits)
  for (const file of files) checkSize(file, limits)
  const total = files.reduce((sum, file) => sum + file.bytes, 0)
  if (total <= limits.inflatedBytes) return
  throw new LockstepError(
    'BUNDLE_TOO_LARGE',
    `the files have ${total} bytes, at most ${limits.inflatedBytes} are allowed`,
  )
}

/**
 * Refuses a zip or a folder whose sheer number of entries shows that it is no history.
 *
 * @throws LockstepError BUNDLE_TOO_MANY_FILES
 */
export function checkEntryCount(count: number, limits: BundleLimits): void {
  if (count > maxEntries(limits)) throw tooManyFiles(count, limits)
}

const tooManyFiles = (count: number, limits: BundleLimits): LockstepError =>
  new LockstepError('BUNDLE_TOO_MANY_FILES', `there are ${count} files, at most ${limits.files} are allowed`)

const checkSize = ({ path, bytes, packedBytes }: SizedFile, limits: BundleLimits): void => {
  if (bytes > limits.fileBytes) {
    const message = `${path} has ${bytes} bytes, at most ${limits.fileBytes} are allowed`
    throw new LockstepError('BUNDLE_FILE_TOO_LARGE', message, { names: [path] })
  }
  if (packedBytes === undefined || bytes <= ratioFloorBytes || bytes <= packedBytes * limits.ratio) return
  const message = `${path} inflates ${packedBytes} bytes to ${bytes}, more than ${limits.ratio} times as many`
  throw new LockstepError('BUNDLE_RATIO', message, { names: [path] })
}

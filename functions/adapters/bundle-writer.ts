import { setImmediate } from 'node:timers/promises'
import { deflateSync, type ZipOptions, type Zippable, zipSync } from 'fflate'
import { type ManifestInput, makeManifest, manifestPath, printManifest } from '../domain/bundle-manifest.ts'
import { sha256 } from '../domain/checksum.ts'
import { LockstepError } from '../domain/errors.ts'
import type { FileRef, FileSource } from '../domain/file-source.ts'
import { defaultLimits, ratioFloorBytes } from '../domain/limits.ts'

/**
 * Packs a history into a bundle with a manifest. The same history and input give the same bytes: no clock, time zone, umask or
 * order of a file system gets in, and fflate deflates in JavaScript, so no version of zlib either.
 *
 * @throws LockstepError FILE_CHANGED when a file is not what it was when the source was opened
 */
export async function packBundle(source: FileSource, input: ManifestInput): Promise<Uint8Array> {
  const manifest = makeManifest(source.files, input)
  const entries: Zippable = { [manifestPath]: [Buffer.from(printManifest(manifest)), entryOptions] }
  for (const file of manifest.files) {
    const content = contentOf(source, file)
    entries[file.path] = [content, looksLikeBomb(content) ? { ...entryOptions, level: 0 } : entryOptions]
    // Signals and timers get their turn while a large history is read.
    await setImmediate()
  }
  return zipSync(entries)
}

const unix = 3
/** A regular file that its owner may write and all may read. */
const regularFile = 0o100644
/** 1 January 1980, 00:00, read in local time as it is written: the oldest time that a zip can hold. */
const oldestTime = new Date(1980, 0, 1)
/** How each entry is written: nothing in it depends on where or when. */
export const entryOptions: ZipOptions = { level: 6, mtime: oldestTime, os: unix, attrs: regularFile * 0x10000 }

/** Far below the ratio at which a reader takes a file for a bomb. */
const suspiciousRatio = defaultLimits.ratio / 2

/** Such a file is stored, so that no bundle of ours is ever refused as a bomb. */
const looksLikeBomb = (content: Buffer): boolean =>
  content.length > ratioFloorBytes && content.length > deflateSync(content).length * suspiciousRatio

const contentOf = (source: FileSource, file: FileRef): Buffer => {
  const content = Buffer.from(source.readText(file.path))
  if (sha256(content) === file.sha256) return content
  throw new LockstepError('FILE_CHANGED', `${file.path} changed while it was packed`, { names: [file.path] })
}

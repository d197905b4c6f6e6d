import { buffer } from 'node:stream/consumers'
import { deflateRawSync } from 'node:zlib'
import { ZipFile } from 'yazl'
import { type ManifestInput, makeManifest, manifestPath, printManifest } from '../domain/bundle-manifest.ts'
import { sha256 } from '../domain/checksum.ts'
import { LockstepError } from '../domain/errors.ts'
import type { FileRef, FileSource } from '../domain/file-source.ts'
import { defaultLimits, ratioFloorBytes } from '../domain/limits.ts'

/**
 * Packs a history into a bundle with a manifest. The same history and input give the same bytes: no clock, time zone, umask or
 * order of a file system gets in.
 *
 * The compressed bytes are zlib's, whose versions may differ in them; the manifest's digest is over the contents and never differs.
 *
 * @throws LockstepError FILE_CHANGED when a file is not what it was when the source was opened
 */
export async function packBundle(source: FileSource, input: ManifestInput): Promise<Uint8Array> {
  const zip = new ZipFile()
  const manifest = makeManifest(source.files, input)
  add(zip, manifestPath, Buffer.from(printManifest(manifest)))
  for (const file of manifest.files) add(zip, file.path, contentOf(source, file))
  zip.end()
  return buffer(zip.outputStream)
}

/** The oldest time that a zip can hold. yazl writes local time, so this one is made of local time too. */
const mtime = new Date(1980, 0, 1)
/** A regular file that its owner may write and all may read. */
const mode = 0o100644
/** zlib's own default, named so that it stays what it is. */
const deflateLevel = 6

const add = (zip: ZipFile, path: string, content: Buffer): void => {
  const compressionLevel = looksLikeBomb(content) ? 0 : deflateLevel
  zip.addBuffer(content, path, { mtime, mode, compressionLevel, forceDosTimestamp: true })
}

/** Far below the limit at which the reader refuses a ratio. */
const suspiciousRatio = defaultLimits.ratio / 2

/** Tells whether a file would compress so well that the reader might take it for a bomb; it is stored then. */
const looksLikeBomb = (content: Buffer): boolean =>
  content.length > ratioFloorBytes &&
  content.length > deflateRawSync(content, { level: deflateLevel }).length * suspiciousRatio

const contentOf = (source: FileSource, file: FileRef): Buffer => {
  const content = Buffer.from(source.readText(file.path))
  if (sha256(content) === file.sha256) return content
  throw new LockstepError('FILE_CHANGED', `${file.path} changed while it was packed`, { names: [file.path] })
}

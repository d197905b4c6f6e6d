import { setImmediate } from 'node:timers/promises'
import { type ManifestInput, makeManifest, manifestPath, printManifest } from '../domain/bundle-manifest.ts'
import { sha256 } from '../domain/checksum.ts'
import { LockstepError } from '../domain/errors.ts'
import type { FileRef, FileSource } from '../domain/file-source.ts'
import { addFile, endZip, newZip } from './zip-writer.ts'

/**
 * Packs a history into a bundle with a manifest. The same history and input give the same bytes: no clock, time zone, umask or
 * order of a file system gets in.
 *
 * Compressed bytes are zlib's, and another version of it may choose others; the digest is over the contents and never differs.
 *
 * @throws LockstepError FILE_CHANGED when a file is not what it was when the source was opened
 */
export async function packBundle(source: FileSource, input: ManifestInput): Promise<Uint8Array> {
  const manifest = makeManifest(source.files, input)
  const zip = newZip()
  addFile(zip, manifestPath, Buffer.from(printManifest(manifest)))
  for (const file of manifest.files) {
    addFile(zip, file.path, contentOf(source, file))
    // Signals and timers get their turn while a large history is compressed.
    await setImmediate()
  }
  return endZip(zip)
}

const contentOf = (source: FileSource, file: FileRef): Buffer => {
  const content = Buffer.from(source.readText(file.path))
  if (sha256(content) === file.sha256) return content
  throw new LockstepError('FILE_CHANGED', `${file.path} changed while it was packed`, { names: [file.path] })
}

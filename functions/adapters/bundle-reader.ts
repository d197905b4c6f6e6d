import { setImmediate } from 'node:timers/promises'
import type { Bundle } from '../domain/bundle.ts'
import { type BundleManifest, digestOf, manifestPath } from '../domain/bundle-manifest.ts'
import { compareBytes } from '../domain/byte-order.ts'
import { sha256 } from '../domain/checksum.ts'
import { LockstepError } from '../domain/errors.ts'
import { checkDistinct, checkText, isFinderFile, isHistoryFile } from '../domain/file-rules.ts'
import type { FileRef } from '../domain/file-source.ts'
import { commonRoot } from '../domain/history-files.ts'
import { checkLimits } from '../domain/limits.ts'
import { checkFile, checkListing } from '../domain/manifest-check.ts'
import { parseManifest } from '../domain/manifest-parser.ts'
import type { BundleLimits } from '../domain/settings.ts'
import { isSignaturePath, parseSignatureFile, type SignedStatement, signatureLimits } from '../domain/signature-file.ts'
import { readEntry } from './zip-content.ts'
import { readZipDirectory, type ZipEntry } from './zip-directory.ts'

/**
 * Opens a bundle: a zip with a manifest, or a plain zip of a migrations folder. Every file is inflated and validated once here,
 * one after the other, and again only when it is read; at no time do two of them lie inflated in memory.
 *
 * With a manifest, the bundle must hold exactly the files that it lists, and signatures. Without one, only the history's files are taken, a
 * folder around all of them is left out of their paths, and what Finder adds is passed over.
 *
 * @throws LockstepError BUNDLE_*, MANIFEST_*, FILE_* and SIGNATURE_INVALID as docs/bundle-format.md lists them
 */
export async function openBundle(bytes: Uint8Array, limits: BundleLimits): Promise<Bundle> {
  const archive = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries = withoutRoot((await readZipDirectory(archive, limits)).filter(({ path }) => !isFinderFile(path)))
  if (entries.length === 0) throw new LockstepError('BUNDLE_EMPTY', 'the zip has no files')
  checkDistinct(entries.map(({ path }) => path))
  const { manifest, ...seal } = readSeal(archive, entries, limits)
  const taken = entries.filter(({ path }) => (manifest ? !isOutsideList(path) : isHistoryFile(path)))
  checkLimits(taken, limits)
  if (manifest)
    checkListing(
      manifest,
      taken.map(({ path }) => path),
    )
  const files = await validate(archive, taken, manifest)
  return { ...toBundle(archive, { files, taken, manifest }), ...seal }
}

/** Takes the folder away that `zip -r bundle.zip migrations` puts around everything. */
const withoutRoot = (entries: readonly ZipEntry[]): readonly ZipEntry[] => {
  const root = commonRoot(entries.map(({ path }) => path))
  return root === '' ? entries : entries.map((entry) => ({ ...entry, path: entry.path.slice(root.length) }))
}

/** The manifest can't list itself, nor what is said of it afterwards. */
const isOutsideList = (path: string): boolean => path === manifestPath || isSignaturePath(path)

/** The manifest, and the signatures that stand beside it; without a manifest there is nothing that could be signed. */
const readSeal = (
  archive: Buffer,
  entries: readonly ZipEntry[],
  limits: BundleLimits,
): Pick<Bundle, 'manifest' | 'manifestDigest' | 'signatures'> => {
  const entry = entries.find(({ path }) => path === manifestPath)
  if (entry === undefined) return {}
  checkLimits([entry], limits)
  const content = readEntry(archive, entry)
  checkText(manifestPath, content)
  const manifest = parseManifest(content.toString('utf8'))
  return { manifest, manifestDigest: sha256(content), signatures: readSignatures(archive, entries) }
}

const readSignatures = (archive: Buffer, entries: readonly ZipEntry[]): readonly SignedStatement[] => {
  const signatures = entries.filter(({ path }) => isSignaturePath(path)).sort((a, b) => compareBytes(a.path, b.path))
  checkLimits(signatures, signatureLimits)
  return signatures.map((entry) => parseSignatureFile(entry.path, readEntry(archive, entry).toString('latin1')))
}

const validate = async (
  archive: Buffer,
  entries: readonly ZipEntry[],
  manifest: BundleManifest | undefined,
): Promise<readonly FileRef[]> => {
  const listed = new Map(manifest?.files.map((file) => [file.path, file]))
  const files: FileRef[] = []
  for (const entry of entries) {
    const content = readEntry(archive, entry)
    if (isHistoryFile(entry.path)) checkText(entry.path, content)
    const file = { path: entry.path, bytes: content.length, sha256: sha256(content) }
    const expected = listed.get(entry.path)
    if (expected) checkFile(expected, file)
    files.push(file)
    // Heartbeats and deadlines go on while a large history is inflated.
    await setImmediate()
  }
  return files.sort((a, b) => compareBytes(a.path, b.path))
}

interface Validated {
  readonly files: readonly FileRef[]
  readonly taken: readonly ZipEntry[]
  readonly manifest: BundleManifest | undefined
}

const toBundle = (archive: Buffer, { files, taken, manifest }: Validated): Bundle => {
  const byPath = new Map(taken.map((entry) => [entry.path, entry]))
  const readText = (path: string): string => {
    const entry = byPath.get(path)
    if (entry === undefined) throw new LockstepError('INTERNAL', `${path} is not in the bundle`)
    return readEntry(archive, entry).toString('utf8')
  }
  return { files, digest: digestOf(files), readText, ...(manifest && { manifest }) }
}

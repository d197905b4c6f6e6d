import { isUtf8 } from 'node:buffer'
import { type Entry, getFileNameLowLevel, type LocalFileHeader } from 'yauzl'
import { LockstepError } from '../domain/errors.ts'
import { checkPath } from '../domain/file-rules.ts'
import { checkEntryCount } from '../domain/limits.ts'
import type { BundleLimits } from '../domain/settings.ts'
import { damaged, entriesOf, localHeaderOf, openContainer, zip64Refusal } from './zip-container.ts'

/** A file in a zip: where its data lies, and what it must inflate to. */
export interface ZipEntry {
  readonly path: string
  readonly method: 'store' | 'deflate'
  readonly start: number
  readonly packedBytes: number
  readonly bytes: number
  readonly crc32: number
}

/** The bytes of a zip that belong to one entry: local header, data and descriptor. */
interface Extent {
  readonly path: string
  readonly start: number
  readonly end: number
}

/**
 * Lists a zip's files; nothing is inflated. Folders are checked like files and left out.
 *
 * A zip says everything twice, in the directory at its end and before each file, and tools differ in which they believe. Here
 * the two must agree, no two entries may share bytes, and the directory must be just as long as the end record says.
 *
 * @throws LockstepError BUNDLE_NOT_A_ZIP, BUNDLE_TRUNCATED, BUNDLE_DAMAGED, BUNDLE_ZIP64, BUNDLE_TOO_MANY_FILES,
 *   BUNDLE_PATH_UNSAFE, BUNDLE_SYMLINK, BUNDLE_ENCRYPTED, BUNDLE_COMPRESSION
 */
export async function readZipDirectory(archive: Buffer, limits: BundleLimits): Promise<readonly ZipEntry[]> {
  const { zip, end } = await openContainer(archive)
  checkEntryCount(end.entryCount, limits)
  const files: ZipEntry[] = []
  const extents: Extent[] = []
  let directoryEnd = end.directoryOffset
  for await (const entry of entriesOf(zip)) {
    const path = checkEntry(entry)
    const local = await localHeaderOf(zip, entry)
    checkAgreement(path, entry, local)
    extents.push({ path, start: entry.relativeOffsetOfLocalHeader, end: dataEnd(archive, path, { entry, local }) })
    directoryEnd += directoryRecordBytes + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength
    if (!isFolder(path)) files.push(toZipEntry(path, entry, local))
  }
  if (directoryEnd !== end.offset) throw damaged('its directory does not end where the end record begins')
  checkExtents(extents, end.directoryOffset)
  return files
}

/** The fixed part of an entry's record in the directory. */
const directoryRecordBytes = 46
const flag = { encrypted: 1, descriptor: 1 << 3, utf8: 1 << 11 }
const zip64ExtraField = 1
/** Compression methods by their number. */
const methods: ReadonlyMap<number, ZipEntry['method']> = new Map([
  [0, 'store'],
  [8, 'deflate'],
])

const isFolder = (path: string): boolean => path.endsWith('/')

const checkEntry = (entry: Entry): string => {
  const path = pathOf(entry)
  checkPath(isFolder(path) ? path.slice(0, -1) : path)
  checkKind(path, entry)
  if (entry.generalPurposeBitFlag & flag.encrypted) {
    throw new LockstepError('BUNDLE_ENCRYPTED', `${path} is encrypted`, { names: [path] })
  }
  if (!methods.has(entry.compressionMethod)) {
    const message = `${path} is compressed by method ${entry.compressionMethod}, expected 0 (store) or 8 (deflate)`
    throw new LockstepError('BUNDLE_COMPRESSION', message, { names: [path] })
  }
  if (entry.extraFields.some(({ id }) => id === zip64ExtraField)) throw zip64Refusal()
  if (isFolder(path) && entry.uncompressedSize > 0) throw damaged(`the folder ${path} has content`)
  return path
}

/**
 * Takes the name as UTF-8 whatever the flags say: Info-ZIP and Finder write UTF-8 without saying so. A second name, in an extra
 * field for tools that know it, must be the same.
 */
const pathOf = ({ fileNameRaw, extraFields }: Entry): string => {
  const path = fileNameRaw.toString('utf8')
  if (isUtf8(fileNameRaw) && getFileNameLowLevel(flag.utf8, fileNameRaw, extraFields, true) === path) return path
  const fault = isUtf8(fileNameRaw) ? 'has a second name' : 'is not UTF-8'
  throw new LockstepError('BUNDLE_PATH_UNSAFE', `the path ${JSON.stringify(path)} ${fault}`, { names: [path] })
}

/** The type of a file in a Unix mode, and the ones that a bundle may hold; tools of other systems leave it 0. */
const fileType = { mask: 0o170000, none: 0, regular: 0o100000, folder: 0o040000, link: 0o120000 }

const checkKind = (path: string, entry: Entry): void => {
  const type = (entry.externalFileAttributes >>> 16) & fileType.mask
  const expected = isFolder(path) ? fileType.folder : fileType.regular
  if (type === fileType.none || type === expected) return
  const kind = type === fileType.link ? 'a symbolic link' : `of type 0${type.toString(8)}`
  throw new LockstepError('BUNDLE_SYMLINK', `${path} is ${kind}, expected a file`, { names: [path] })
}

const checkAgreement = (path: string, entry: Entry, local: LocalFileHeader): void => {
  if (!local.fileName.equals(entry.fileNameRaw)) throw disagreement(path, 'name')
  if (local.compressionMethod !== entry.compressionMethod) throw disagreement(path, 'compression method')
  const flags = flag.encrypted | flag.descriptor
  if ((local.generalPurposeBitFlag & flags) !== (entry.generalPurposeBitFlag & flags)) throw disagreement(path, 'flags')
  const later = hasDescriptor(entry)
  const agrees = (said: number, expected: number) => said === expected || (later && said === 0)
  if (!agrees(local.crc32, entry.crc32)) throw disagreement(path, 'checksum')
  if (!agrees(local.compressedSize, entry.compressedSize)) throw disagreement(path, 'compressed size')
  if (!agrees(local.uncompressedSize, entry.uncompressedSize)) throw disagreement(path, 'size')
}

const disagreement = (path: string, what: string): LockstepError =>
  damaged(`the two headers of ${path} disagree on its ${what}`)

/** Whoever writes a zip as a stream knows checksum and sizes only after the data, and puts them there. */
const hasDescriptor = (entry: Entry): boolean => (entry.generalPurposeBitFlag & flag.descriptor) !== 0

const descriptorSignature = 0x08074b50

/** Finds where an entry ends: after its data, and after the descriptor where there is one, with its signature or without. */
const dataEnd = (archive: Buffer, path: string, { entry, local }: { entry: Entry; local: LocalFileHeader }): number => {
  const end = local.fileDataStart + entry.compressedSize
  if (!hasDescriptor(entry)) return end
  const values = [entry.crc32, entry.compressedSize, entry.uncompressedSize]
  const found = [[descriptorSignature, ...values], values].find((words) => wordsAt(archive, end, words))
  if (found === undefined) throw disagreement(path, 'descriptor')
  return end + found.length * 4
}

const wordsAt = (archive: Buffer, start: number, words: readonly number[]): boolean =>
  start + words.length * 4 <= archive.length &&
  words.every((word, index) => archive.readUInt32LE(start + index * 4) === word)

const toZipEntry = (path: string, entry: Entry, local: LocalFileHeader): ZipEntry => ({
  path,
  method: methods.get(entry.compressionMethod) ?? 'store',
  start: local.fileDataStart,
  packedBytes: entry.compressedSize,
  bytes: entry.uncompressedSize,
  crc32: entry.crc32,
})

/** Entries that share bytes are how a small zip inflates to petabytes; nothing but a bomb has them. */
const checkExtents = (extents: readonly Extent[], directoryOffset: number): void => {
  const sorted = extents.toSorted((a, b) => a.start - b.start)
  sorted.forEach(({ path, end }, index) => {
    const next = sorted[index + 1]
    if (end > (next?.start ?? directoryOffset)) throw damaged(`${path} overlaps ${next?.path ?? 'the directory'}`)
  })
}

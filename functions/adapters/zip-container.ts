import { type Entry, fromBufferPromise, type LocalFileHeader, type ZipFile } from 'yauzl'
import { LockstepError } from '../domain/errors.ts'

/** What the end record of a zip says of the directory before it. */
export interface ZipEnd {
  /** Where the end record begins. */
  readonly offset: number
  readonly entryCount: number
  readonly directoryOffset: number
}

/** A zip whose end was found; its directory is still to be read. */
export interface ZipContainer {
  readonly zip: ZipFile
  readonly end: ZipEnd
}

const signature = { localHeader: 0x04034b50, end: 0x06054b50, zip64Locator: 0x07064b50 }
const signatureBytes = 4
const endBytes = 22
const zip64LocatorBytes = 20

/**
 * Opens a zip in memory.
 *
 * @throws LockstepError BUNDLE_NOT_A_ZIP, BUNDLE_TRUNCATED, BUNDLE_ZIP64, BUNDLE_DAMAGED
 */
export async function openContainer(archive: Buffer): Promise<ZipContainer> {
  refuseOtherFiles(archive)
  const zip = await fromBufferPromise(archive, { decodeStrings: false }).catch((cause: unknown) => {
    throw damaged(reasonOf(cause), cause)
  })
  const offset = archive.length - endBytes - zip.comment.length
  refuseZip64(archive, offset)
  const entryCount = archive.readUInt16LE(offset + 10)
  const directoryBytes = archive.readUInt32LE(offset + 12)
  const directoryOffset = archive.readUInt32LE(offset + 16)
  if (directoryOffset + directoryBytes !== offset) throw damaged('its directory is not where the end record says')
  return { zip, end: { offset, entryCount, directoryOffset } }
}

/** Yields the directory's entries; yauzl's errors come out as ours. */
export async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  try {
    yield* zip.eachEntry()
  } catch (cause) {
    const reason = reasonOf(cause)
    if (!reason.includes('encryption')) throw damaged(reason, cause)
    throw new LockstepError('BUNDLE_ENCRYPTED', 'the zip is encrypted', { cause })
  }
}

/** Reads the header before an entry's data, which says again what the directory says. */
export const localHeaderOf = (zip: ZipFile, entry: Entry): Promise<LocalFileHeader> =>
  zip.readLocalFileHeaderPromise(entry).catch((cause: unknown) => {
    throw damaged(reasonOf(cause), cause)
  })

/** A zip that contradicts itself. */
export const damaged = (reason: string, cause?: unknown): LockstepError =>
  new LockstepError('BUNDLE_DAMAGED', `the zip is damaged: ${reason}`, { cause })

/** Zip64 says sizes and offsets a third time; a history never needs it. */
export const zip64Refusal = (): LockstepError => new LockstepError('BUNDLE_ZIP64', 'the zip is in the zip64 format')

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const refuseOtherFiles = (archive: Buffer): void => {
  const begin = archive.subarray(0, signatureBytes)
  const asZip = [signature.localHeader, signature.end].map(littleEndian)
  if (!asZip.some((bytes) => bytes.subarray(0, begin.length).equals(begin))) {
    throw new LockstepError('BUNDLE_NOT_A_ZIP', 'the bundle does not begin like a zip')
  }
  const end = archive.lastIndexOf(littleEndian(signature.end))
  if (end === -1 || end > archive.length - endBytes) {
    throw new LockstepError('BUNDLE_TRUNCATED', `the zip has no end within its ${archive.length} bytes`)
  }
}

const littleEndian = (value: number): Buffer => {
  const bytes = Buffer.alloc(signatureBytes)
  bytes.writeUInt32LE(value)
  return bytes
}

const refuseZip64 = (archive: Buffer, endOffset: number): void => {
  const locator = endOffset - zip64LocatorBytes
  if (locator >= 0 && archive.readUInt32LE(locator) === signature.zip64Locator) throw zip64Refusal()
}

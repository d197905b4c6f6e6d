import { crc32, deflateRawSync } from 'node:zlib'
import { defaultLimits, ratioFloorBytes } from '../domain/limits.ts'

/** A zip in the making: what was written, and what its directory will say of it. */
export interface ZipDraft {
  readonly parts: Buffer[]
  readonly directory: Buffer[]
  /** Bytes of `parts`, which is where the next entry begins. */
  offset: number
}

/** Begins a zip. */
export const newZip = (): ZipDraft => ({ parts: [], directory: [], offset: 0 })

/** Appends a file. Everything that a zip can say besides name and content is fixed, so the same files give the same bytes. */
export function addFile(zip: ZipDraft, path: string, content: Buffer): void {
  const name = Buffer.from(path)
  const { method, packed } = pack(content)
  const shared = [
    u16(versionNeeded),
    u16(utf8Flag),
    u16(method),
    u16(oldestTime),
    u16(oldestDate),
    u32(crc32(content)),
    u32(packed.length),
    u32(content.length),
    u16(name.length),
    u16(0), // extra fields
  ]
  const header = Buffer.concat([u32(signature.localHeader), ...shared, name])
  zip.directory.push(directoryRecord(shared, name, zip.offset))
  zip.parts.push(header, packed)
  zip.offset += header.length + packed.length
}

/** Ends a zip with its directory, and returns its bytes. */
export function endZip(zip: ZipDraft): Buffer {
  const directory = Buffer.concat(zip.directory)
  const count = zip.directory.length
  const disks = [u16(0), u16(0)]
  const counts = [u16(count), u16(count)]
  const end = [u32(signature.end), ...disks, ...counts, u32(directory.length), u32(zip.offset), u16(0)]
  return Buffer.concat([...zip.parts, directory, ...end])
}

const signature = { localHeader: 0x04034b50, directoryRecord: 0x02014b50, end: 0x06054b50 }
const versionNeeded = 20
const versionMadeByUnix = (3 << 8) | versionNeeded
/** Names are UTF-8. */
const utf8Flag = 1 << 11
/** 1 January 1980, 00:00, in MS-DOS's form: the oldest time that a zip can hold. */
const oldestDate = (1 << 5) | 1
const oldestTime = 0
/** A regular file that its owner may write and all may read. */
const regularFile = 0o100644
const stored = 0
const deflated = 8
/** zlib's own default, named so that it stays what it is. */
const deflateLevel = 6
/** Far below the ratio at which a reader takes a file for a bomb. */
const suspiciousRatio = defaultLimits.ratio / 2

/** Deflates a file, unless that makes it so small that it looks like a bomb. */
const pack = (content: Buffer): { readonly method: number; readonly packed: Buffer } => {
  const packed = deflateRawSync(content, { level: deflateLevel })
  const looksLikeBomb = content.length > ratioFloorBytes && content.length > packed.length * suspiciousRatio
  return looksLikeBomb ? { method: stored, packed: content } : { method: deflated, packed }
}

const directoryRecord = (shared: readonly Buffer[], name: Buffer, offset: number): Buffer => {
  const nothing = [u16(0), u16(0), u16(0)] // comment, disk, internal attributes
  const attributes = u32(regularFile * 0x10000)
  const begin = [u32(signature.directoryRecord), u16(versionMadeByUnix)]
  return Buffer.concat([...begin, ...shared, ...nothing, attributes, u32(offset), name])
}

const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

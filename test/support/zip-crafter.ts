import { crc32, deflateRawSync } from 'node:zlib'

/** What one header says; each has its own, so that the two can be made to disagree. */
export interface CraftedHeader {
  readonly name?: string | Uint8Array
  readonly flags?: number
  readonly method?: number
  readonly crc32?: number
  readonly packedBytes?: number
  readonly bytes?: number
  readonly extra?: Uint8Array
}

/** One entry, honest unless told otherwise. */
export interface CraftedEntry {
  readonly name: string | Uint8Array
  readonly content?: string | Uint8Array
  /** The bytes in the zip, in place of the deflated content. */
  readonly packed?: Uint8Array
  readonly method?: 'store' | 'deflate'
  /** A Unix mode with its file type, for example 0o120777 for a symbolic link. */
  readonly mode?: number
  /** Written after the data; `unsigned` is without the optional signature. */
  readonly descriptor?: 'signed' | 'unsigned' | 'lying'
  /** What both headers say in place of the truth. */
  readonly both?: CraftedHeader
  /** What only the header before the data says. */
  readonly local?: CraftedHeader
  /** What only the directory says. */
  readonly central?: CraftedHeader
  /** Points the directory at the local header of an earlier entry, by its index, and writes no data. */
  readonly sharedWith?: number
}

/** What the end record says in place of the truth, and what stands around the zip. */
export interface CraftedEnd {
  readonly entryCount?: number
  readonly directoryOffset?: number
  readonly directoryBytes?: number
  readonly comment?: string
  readonly zip64Locator?: boolean
  readonly trailing?: Uint8Array
}

const textFlag = 1 << 11
export const descriptorFlag = 1 << 3
export const encryptedFlag = 1

/** Crafts a zip byte by byte: good ones, and bad ones that no tool would write. */
export function craftZip(entries: readonly CraftedEntry[], end: CraftedEnd = {}): Uint8Array {
  const before: Buffer[] = []
  const offsets: number[] = []
  let offset = 0
  for (const entry of entries) {
    const parts = entry.sharedWith === undefined ? localPart(entry) : []
    offsets.push(entry.sharedWith === undefined ? offset : (offsets[entry.sharedWith] ?? 0))
    before.push(...parts)
    offset += parts.reduce((sum, part) => sum + part.length, 0)
  }
  const directory = Buffer.concat(entries.map((entry, index) => directoryRecord(entry, offsets[index] ?? 0)))
  return Buffer.concat([...before, directory, ...endPart({ entries, directory, offset, end })])
}

interface Header {
  readonly name: Buffer
  readonly flags: number
  readonly method: number
  readonly crc32: number
  readonly packedBytes: number
  readonly bytes: number
  readonly extra: Buffer
}

const honest = (entry: CraftedEntry): Header => {
  const content = Buffer.from(entry.content ?? '')
  const name = Buffer.from(entry.name)
  return {
    name,
    flags: textFlag | (entry.descriptor === undefined ? 0 : descriptorFlag),
    method: entry.method === 'store' ? 0 : 8,
    crc32: crc32(content),
    packedBytes: packedOf(entry).length,
    bytes: content.length,
    extra: Buffer.alloc(0),
  }
}

const packedOf = ({ packed, content = '', method }: CraftedEntry): Buffer =>
  Buffer.from(packed ?? (method === 'store' ? Buffer.from(content) : deflateRawSync(Buffer.from(content))))

const told = (entry: CraftedEntry, lies: CraftedHeader = {}): Header => {
  const header = { ...honest(entry), ...entry.both, ...lies }
  return { ...header, name: Buffer.from(header.name), extra: Buffer.from(header.extra) }
}

const localPart = (entry: CraftedEntry): Buffer[] => {
  const unknown = entry.descriptor === undefined ? {} : { crc32: 0, packedBytes: 0, bytes: 0 }
  const header = told(entry, { ...unknown, ...entry.local })
  const fixed = Buffer.concat([u32(0x04034b50), u16(20), ...common(header)])
  return [fixed, header.name, header.extra, packedOf(entry), descriptorOf(entry)]
}

const common = (header: Header): Buffer[] => [
  u16(header.flags),
  u16(header.method),
  u16(0),
  u16(0x21),
  u32(header.crc32),
  u32(header.packedBytes),
  u32(header.bytes),
  u16(header.name.length),
  u16(header.extra.length),
]

const descriptorOf = (entry: CraftedEntry): Buffer => {
  if (entry.descriptor === undefined) return Buffer.alloc(0)
  const { crc32: checksum, packedBytes, bytes } = honest(entry)
  const signature = entry.descriptor === 'unsigned' ? [] : [u32(0x08074b50)]
  const lie = entry.descriptor === 'lying' ? 1 : 0
  return Buffer.concat([...signature, u32(checksum), u32(packedBytes), u32(bytes + lie)])
}

const unixHost = 3

const directoryRecord = (entry: CraftedEntry, offset: number): Buffer => {
  const header = told(entry, entry.central)
  const mode = entry.mode ?? 0
  return Buffer.concat([
    u32(0x02014b50),
    u16((unixHost << 8) | 63),
    u16(20),
    ...common(header),
    u16(0),
    u16(0),
    u16(0),
    u32(mode * 0x10000),
    u32(offset),
    header.name,
    header.extra,
  ])
}

interface EndInput {
  readonly entries: readonly CraftedEntry[]
  readonly directory: Buffer
  readonly offset: number
  readonly end: CraftedEnd
}

const endPart = ({ entries, directory, offset, end }: EndInput): Buffer[] => {
  const count = end.entryCount ?? entries.length
  const comment = Buffer.from(end.comment ?? '')
  const record = [
    u32(0x06054b50),
    u16(0),
    u16(0),
    u16(count),
    u16(count),
    u32(end.directoryBytes ?? directory.length),
    u32(end.directoryOffset ?? offset),
    u16(comment.length),
    comment,
  ]
  const zip64 = end.zip64Locator ? zip64Part(count, directory.length, offset) : []
  return [...zip64, ...record, Buffer.from(end.trailing ?? [])]
}

const zip64Part = (count: number, directoryBytes: number, offset: number): Buffer[] => [
  ...[u32(0x06064b50), u64(44), u16(45), u16(45), u32(0), u32(0)],
  ...[u64(count), u64(count), u64(directoryBytes), u64(offset)],
  ...[u32(0x07064b50), u32(0), u64(offset + directoryBytes), u32(1)],
]

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

const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

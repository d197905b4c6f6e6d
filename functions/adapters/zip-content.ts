import { crc32, inflateRawSync } from 'node:zlib'
import { LockstepError } from '../domain/errors.ts'
import { damaged } from './zip-container.ts'
import type { ZipEntry } from './zip-directory.ts'

/**
 * Inflates one entry, and no more than the size that its header claims. A stored entry is a view of the archive.
 *
 * @throws LockstepError BUNDLE_RATIO when there is more than the header claims, BUNDLE_DAMAGED when there is less, or something else
 */
export function readEntry(archive: Buffer, entry: ZipEntry): Buffer {
  const packed = archive.subarray(entry.start, entry.start + entry.packedBytes)
  const content = entry.method === 'store' ? packed : inflate(packed, entry)
  if (content.length !== entry.bytes)
    throw damaged(`${entry.path} has ${content.length} bytes, expected ${entry.bytes}`)
  if (crc32(content) !== entry.crc32) throw damaged(`${entry.path} does not have its checksum`)
  return content
}

/** The least that zlib takes for a chunk. */
const minChunkBytes = 64

const inflate = (packed: Buffer, { path, bytes }: ZipEntry): Buffer => {
  // One chunk with a byte to spare holds everything, so nothing is copied together.
  const chunkSize = Math.max(bytes + 1, minChunkBytes)
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(bytes, 1), chunkSize })
  } catch (cause) {
    if (!isTooLarge(cause)) throw damaged(`${path} can't be inflated`, cause)
    const message = `${path} inflates to more than the ${bytes} bytes that its header claims`
    throw new LockstepError('BUNDLE_RATIO', message, { names: [path], cause })
  }
}

const isTooLarge = (thrown: unknown): boolean =>
  thrown instanceof RangeError && 'code' in thrown && thrown.code === 'ERR_BUFFER_TOO_LARGE'

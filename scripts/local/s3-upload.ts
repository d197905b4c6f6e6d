import { createHash, type Hash, randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { decodeAwsChunked } from './aws-chunked.ts'
import { S3Error } from './s3-error.ts'

/** An upload's body, whole and checked, in a file that now belongs to the caller. */
export interface ReceivedBody {
  readonly path: string
  readonly size: number
  /** MD5 in hex. */
  readonly md5: string
  /** The `x-amz-checksum-…` headers or trailers that came with it. */
  readonly checksums: Readonly<Record<string, string>>
}

/**
 * Writes a request's body to a file below `dir` and checks every digest that the client sent with it.
 *
 * CRC32, SHA-1, SHA-256, Content-MD5 and x-amz-content-sha256 are verified; CRC32C and CRC64NVME are kept but not computed.
 * A body that is refused or cut off leaves no file.
 *
 * @throws S3Error BadDigest, InvalidDigest, XAmzContentSHA256Mismatch, IncompleteBody, MissingContentLength, EntityTooLarge
 */
export async function receiveBody(request: IncomingMessage, dir: string): Promise<ReceivedBody> {
  const declared = declaredSize(request.headers)
  const path = join(dir, randomUUID())
  try {
    const trailers = new Map<string, string>()
    const digests = newDigests()
    // a refusal must still reach the client, so the connection outlives a body that is not read to its end
    const raw = request.iterator({ destroyOnReturn: false })
    const body = isChunked(request.headers) ? decodeAwsChunked(raw, trailers) : raw
    const size = await write(body, path, digests)
    if (size !== declared) throw new S3Error('IncompleteBody', `got ${size} bytes, expected ${declared}`)
    const checksums = { ...checksumsOf(Object.entries(request.headers)), ...checksumsOf([...trailers]) }
    const md5 = digests.md5.digest()
    verifyMd5(request.headers, md5)
    verifyChecksums(request.headers, checksums, digests)
    return { path, size, md5: md5.toString('hex'), checksums }
  } catch (thrown) {
    await rm(path, { force: true })
    throw thrown
  }
}

/** S3's own limit for one PUT. */
const largestBody = 5 * 1024 ** 3

const isChunked = (headers: IncomingHttpHeaders): boolean =>
  (headers['content-encoding'] ?? '').includes('aws-chunked') ||
  textOf(headers, 'x-amz-content-sha256').startsWith('STREAMING-')

const declaredSize = (headers: IncomingHttpHeaders): number => {
  const text = isChunked(headers) ? textOf(headers, 'x-amz-decoded-content-length') : (headers['content-length'] ?? '')
  if (!/^\d{1,15}$/.test(text))
    throw new S3Error('MissingContentLength', 'You must provide the Content-Length HTTP header.')
  if (Number(text) > largestBody) throw new S3Error('EntityTooLarge', `at most ${largestBody} bytes, got ${text}`)
  return Number(text)
}

interface Digests {
  readonly md5: Hash
  readonly sha1: Hash
  readonly sha256: Hash
  crc32: number
}

const newDigests = (): Digests => ({
  md5: createHash('md5'),
  sha1: createHash('sha1'),
  sha256: createHash('sha256'),
  crc32: 0,
})

const write = async (source: AsyncIterable<Buffer>, path: string, digests: Digests): Promise<number> => {
  await using file = await open(path, 'wx')
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    for (const hash of [digests.md5, digests.sha1, digests.sha256]) hash.update(chunk)
    digests.crc32 = crc32(chunk, digests.crc32)
    await file.writeFile(chunk)
  }
  return size
}

const checksumsOf = (headers: readonly (readonly [string, string | string[] | undefined])[]): Record<string, string> =>
  Object.fromEntries(
    headers.flatMap(([name, value]) =>
      /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$/.test(name) && typeof value === 'string'
        ? [[name, value]]
        : [],
    ),
  )

const verifyMd5 = (headers: IncomingHttpHeaders, md5: Buffer): void => {
  const expected = headers['content-md5']
  if (expected === undefined) return
  const bytes = Buffer.from(String(expected), 'base64')
  if (bytes.length !== md5.length) throw new S3Error('InvalidDigest', 'The Content-MD5 you specified was invalid.')
  if (!bytes.equals(md5))
    throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.')
}

const verifyChecksums = (
  headers: IncomingHttpHeaders,
  checksums: Readonly<Record<string, string>>,
  digests: Digests,
): void => {
  const crc = Buffer.alloc(4)
  crc.writeUInt32BE(digests.crc32)
  const sha256 = digests.sha256.digest()
  const computed = { crc32: crc, sha1: digests.sha1.digest(), sha256 }
  for (const [algorithm, digest] of Object.entries(computed)) {
    const sent = checksums[`x-amz-checksum-${algorithm}`]
    if (sent === undefined || sent === digest.toString('base64')) continue
    throw new S3Error(
      'BadDigest',
      `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
    )
  }
  const signed = textOf(headers, 'x-amz-content-sha256')
  if (!/^[0-9a-f]{64}$/.test(signed) || signed === sha256.toString('hex')) return
  throw new S3Error(
    'XAmzContentSHA256Mismatch',
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  )
}

const textOf = (headers: IncomingHttpHeaders, name: string): string => String(headers[name] ?? '')

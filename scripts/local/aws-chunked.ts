import { S3Error } from './s3-error.ts'

/**
 * Takes the `aws-chunked` frame off an upload: `<hex size>[;chunk-signature=…]⏎ <bytes>⏎ … 0⏎ <trailer>:<value>⏎ ⏎`.
 *
 * Chunks may be cut anywhere by the network. Signatures are not checked: nothing on loopback is secret.
 * See "Signature calculations: transferring payload in multiple chunks" in the S3 API reference.
 *
 * @param trailers receives the trailing headers, with lower-case names
 * @throws S3Error IncompleteBody when the frame is broken or ends early
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  const reader = bufferedReader(source)
  for (;;) {
    const size = chunkSize(await reader.line())
    if (size === 0) break
    yield* reader.bytes(size)
    if ((await reader.line()) !== '') throw incomplete('a chunk is longer than its size says')
  }
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const colon = line.indexOf(':')
    if (colon < 1) throw incomplete('a trailer has no name')
    trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
}

const chunkSize = (line: string): number => {
  const hex = line.split(';')[0]?.trim() ?? ''
  if (!/^[0-9a-f]{1,8}$/i.test(hex)) throw incomplete('a chunk has no size')
  return Number.parseInt(hex, 16)
}

/** Longer than any chunk header or trailer. */
const lineLimit = 4096

const bufferedReader = (source: AsyncIterable<Buffer>) => {
  const input = source[Symbol.asyncIterator]()
  let held: Buffer = Buffer.alloc(0)
  const more = async (): Promise<void> => {
    const { value, done } = await input.next()
    if (done) throw incomplete('the body ended early')
    held = held.length === 0 ? value : Buffer.concat([held, value])
  }
  return {
    async line(): Promise<string> {
      for (;;) {
        const end = held.indexOf('\r\n')
        if (end >= 0) {
          const line = held.toString('latin1', 0, end)
          held = held.subarray(end + 2)
          return line
        }
        if (held.length > lineLimit) throw incomplete('a chunk has no end of line')
        await more()
      }
    },
    async *bytes(count: number): AsyncGenerator<Buffer> {
      for (let left = count; left > 0; ) {
        if (held.length === 0) await more()
        const part = held.subarray(0, left)
        held = held.subarray(part.length)
        left -= part.length
        yield part
      }
    },
  }
}

const incomplete = (why: string): S3Error =>
  new S3Error('IncompleteBody', `The request body terminated unexpectedly: ${why}`)

import type { IncomingMessage } from 'node:http'
import { S3Error } from './s3-error.ts'

/** What a request is about: path-style `/bucket/key`, and its query. */
export interface S3Request {
  readonly method: string
  /** Empty for the service itself. */
  readonly bucket: string
  /** Empty for the bucket itself. */
  readonly key: string
  readonly query: ReadonlyMap<string, string>
}

/**
 * Reads a request's target; the path is taken as it is, since a key may hold `..` and `//`.
 *
 * @throws S3Error InvalidArgument when it is not properly encoded
 */
export const parseS3Request = (request: IncomingMessage): S3Request => {
  const [path = '', search = ''] = splitOnce(request.url ?? '/', '?')
  const [bucket = '', key = ''] = splitOnce(path.slice(1), '/')
  try {
    return {
      method: request.method ?? 'GET',
      bucket: decodeURIComponent(bucket),
      key: decodeURIComponent(key),
      query: new Map(new URLSearchParams(search)),
    }
  } catch {
    throw new S3Error('InvalidArgument', 'the URL is not properly encoded')
  }
}

/**
 * Refuses a request whose query asks for something else than the plain operation.
 *
 * A sub-resource call (`PUT /bucket/key?tagging`) differs from the plain one by its query alone; taken for the plain one, its
 * document would become the object's body.
 *
 * @throws S3Error NotImplemented
 */
export const allowOnly = (request: S3Request, ...names: readonly string[]): void => {
  for (const name of request.query.keys()) {
    if (names.includes(name) || name === 'x-id' || name.toLowerCase().startsWith('x-amz-')) continue
    throw new S3Error('NotImplemented', `the embedded cloud has no ${request.method} with "${name}"`)
  }
}

const splitOnce = (text: string, separator: string): readonly string[] => {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { ObjectVersion } from './object-journal.ts'
import { answerEmpty } from './s3-answers.ts'
import { S3Error } from './s3-error.ts'
import type { S3Exchange } from './s3-front.ts'
import { allowOnly } from './s3-request.ts'

/**
 * Answers GetObject, of the newest version or of `versionId`, whole or in part.
 *
 * @throws S3Error NoSuchKey, NoSuchVersion, MethodNotAllowed for a delete marker, InvalidRange
 */
export async function getObject(exchange: S3Exchange): Promise<void> {
  const { store, request, response } = exchange
  const version = find(exchange)
  if (answersUnchanged(exchange, version)) return
  const part = partOf(request.headers.range, version.size)
  const whole = part === undefined
  const { start, end } = part ?? { start: 0, end: version.size - 1 }
  response.writeHead(whole ? 200 : 206, {
    ...headersOf(version, whole && request.headers['x-amz-checksum-mode'] === 'ENABLED'),
    'content-length': end - start + 1,
    ...(!whole && { 'content-range': `bytes ${start}-${end}/${version.size}` }),
  })
  if (version.size === 0) response.end()
  else await pipeline(createReadStream(store.bodyPath(version), { start, end }), response)
}

/**
 * Answers HeadObject.
 *
 * @throws S3Error as `getObject` does
 */
export function headObject(exchange: S3Exchange): void {
  const version = find(exchange)
  if (answersUnchanged(exchange, version)) return
  exchange.response.writeHead(200, {
    ...headersOf(version, exchange.request.headers['x-amz-checksum-mode'] === 'ENABLED'),
    'content-length': version.size,
  })
  exchange.response.end()
}

const find = ({ store, target }: S3Exchange): ObjectVersion => {
  allowOnly(target, 'versionId')
  const versions = store.versions(target.bucket, target.key)
  const versionId = target.query.get('versionId')
  const found = versionId === undefined ? versions.at(-1) : versions.find((version) => version.versionId === versionId)
  if (found?.kind === 'object') return found
  const marker = found && { 'x-amz-delete-marker': 'true', 'x-amz-version-id': found.versionId }
  if (versionId === undefined) throw new S3Error('NoSuchKey', 'The specified key does not exist.', marker)
  if (marker === undefined) throw new S3Error('NoSuchVersion', 'The specified version does not exist.')
  throw new S3Error('MethodNotAllowed', 'The specified method is not allowed against this resource.', marker)
}

const answersUnchanged = ({ request, response }: S3Exchange, version: ObjectVersion): boolean => {
  const etag = `"${version.etag}"`
  const expected = request.headers['if-match']
  if (expected !== undefined && expected !== '*' && expected !== etag) {
    throw new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold')
  }
  if (request.headers['if-none-match'] !== etag) return false
  answerEmpty(response, 304, { etag })
  return true
}

const headersOf = (version: ObjectVersion, withChecksum: boolean): Record<string, string> => {
  const kept = Object.entries(version.headers).filter(([name]) => withChecksum || !name.startsWith('x-amz-checksum-'))
  return {
    ...Object.fromEntries(kept),
    etag: `"${version.etag}"`,
    'last-modified': new Date(version.lastModified).toUTCString(),
    'x-amz-version-id': version.versionId,
    'accept-ranges': 'bytes',
  }
}

/** One range of bytes, both ends included; several ranges are answered with the whole, as S3 does. */
const partOf = (
  range: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | undefined => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(range ?? '')
  if (match === null || (match[1] === '' && match[2] === '')) return undefined
  const [, first = '', last = ''] = match
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (start >= size || end < start) throw new S3Error('InvalidRange', 'The requested range is not satisfiable')
  return { start, end }
}

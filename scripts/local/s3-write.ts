import { rm } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import type { ObjectVersion } from './object-journal.ts'
import type { PutCondition } from './object-store.ts'
import { answerEmpty } from './s3-answers.ts'
import { S3Error } from './s3-error.ts'
import type { Uploader } from './s3-event.ts'
import type { S3Exchange } from './s3-front.ts'
import { allowOnly } from './s3-request.ts'
import { receiveBody } from './s3-upload.ts'

/**
 * Answers PutObject: a new version of the key, durable, and told to `onPut`, before the answer goes out.
 *
 * @throws S3Error PreconditionFailed, NoSuchKey, NotImplemented, InvalidRequest, and those of `receiveBody`
 */
export async function putObject(
  { store, target, request, response, requestId }: S3Exchange,
  onPut: (version: ObjectVersion, uploader: Uploader) => Promise<void>,
): Promise<void> {
  allowOnly(target)
  const { headers } = request
  refuseHeaders(headers)
  const condition = conditionOf(headers)
  const body = await receiveBody(request, store.incoming)
  const version = await store.put(
    {
      path: body.path,
      bucket: target.bucket,
      key: target.key,
      etag: body.md5,
      size: body.size,
      headers: { ...keptHeaders(headers), ...body.checksums },
    },
    condition,
  )
  if (version === 'refused') {
    await rm(body.path, { force: true })
    throw refusal(condition, store.versions(target.bucket, target.key).at(-1)?.kind === 'object')
  }
  await onPut(version, {
    principalId: `AWS:${accessKey(headers)}`,
    sourceIPAddress: request.socket.remoteAddress ?? '127.0.0.1',
    requestId,
  })
  answerEmpty(response, 200, {
    etag: `"${version.etag}"`,
    'x-amz-version-id': version.versionId,
    ...body.checksums,
    ...(Object.keys(body.checksums).length > 0 && { 'x-amz-checksum-type': 'FULL_OBJECT' }),
  })
}

/**
 * Answers DeleteObject: a delete marker over the key, or, with `versionId`, the end of one version.
 *
 * @throws S3Error AccessDenied for a version under Object Lock
 */
export async function deleteObject({ store, target, response }: S3Exchange): Promise<void> {
  allowOnly(target, 'versionId')
  const { bucket, key } = target
  const versionId = target.query.get('versionId')
  if (versionId === undefined) {
    const marker = await store.markDeleted(bucket, key)
    answerEmpty(response, 204, { 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker.versionId })
    return
  }
  const found = store.versions(bucket, key).find((version) => version.versionId === versionId)
  if (found?.kind === 'object' && isLocked(found))
    throw new S3Error('AccessDenied', 'Access Denied because object protected by object lock.')
  await store.removeVersion(bucket, key, versionId)
  answerEmpty(response, 204, {
    'x-amz-version-id': versionId,
    ...(found?.kind === 'delete-marker' && { 'x-amz-delete-marker': 'true' }),
  })
}

/** Headers that would change what a plain PUT does; ignoring them would be a lie. */
const unknownHeaders = [
  'x-amz-copy-source',
  'x-amz-tagging',
  'x-amz-website-redirect-location',
  'x-amz-write-offset-bytes',
  'x-amz-server-side-encryption-customer-algorithm',
]

const refuseHeaders = (headers: IncomingHttpHeaders): void => {
  const unknown = unknownHeaders.find((name) => headers[name] !== undefined)
  if (unknown !== undefined) throw new S3Error('NotImplemented', `the embedded cloud has no PUT with ${unknown}`)
  const locked = Object.keys(headers).some((name) => name.startsWith('x-amz-object-lock-'))
  const digested = Object.keys(headers).some((name) => /^(content-md5|x-amz-checksum-|x-amz-trailer$)/.test(name))
  if (locked && !digested) {
    throw new S3Error(
      'InvalidRequest',
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
    )
  }
}

const conditionOf = (headers: IncomingHttpHeaders): PutCondition => {
  const absent = headers['if-none-match']
  const etag = headers['if-match']
  if (absent === undefined && etag === undefined) return { kind: 'always' }
  if (absent === '*' && etag === undefined) return { kind: 'absent' }
  if (absent === undefined && etag !== undefined) return { kind: 'etag', etag: etag.replaceAll('"', '') }
  throw new S3Error('NotImplemented', 'a PUT may have If-None-Match: * or If-Match with an ETag')
}

const refusal = (condition: PutCondition, exists: boolean): S3Error =>
  condition.kind === 'etag' && !exists
    ? new S3Error('NoSuchKey', 'The specified key does not exist.')
    : new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold')

const keptHeaders = (headers: IncomingHttpHeaders): Record<string, string> => {
  const kept = Object.entries(headers).filter(([name]) =>
    /^(content-(type|language|disposition)|cache-control|expires|x-amz-meta-.+|x-amz-object-lock-.+|x-amz-server-side-encryption)$/.test(
      name,
    ),
  )
  const encoding = (headers['content-encoding'] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== 'aws-chunked')
  return {
    'content-type': 'application/octet-stream',
    ...Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
    ...(encoding.length > 0 && { 'content-encoding': encoding.join(', ') }),
  }
}

const isLocked = ({ headers }: ObjectVersion): boolean =>
  headers['x-amz-object-lock-legal-hold'] === 'ON' ||
  Date.parse(headers['x-amz-object-lock-retain-until-date'] ?? '') > Date.now()

const accessKey = (headers: IncomingHttpHeaders): string =>
  /Credential=([^/,\s]+)\//.exec(headers.authorization ?? '')?.[1] ?? 'anonymous'

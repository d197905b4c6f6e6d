import type { IncomingMessage, ServerResponse } from 'node:http'
import { type LoopbackServer, listenOnLoopback } from './loopback.ts'
import { accountId } from './names.ts'
import type { ObjectVersion } from './object-journal.ts'
import type { ObjectStore } from './object-store.ts'
import { answerEmpty, answerError, answerXml, identifyAnswer } from './s3-answers.ts'
import { S3Error } from './s3-error.ts'
import type { Uploader } from './s3-event.ts'
import { listObjects } from './s3-list.ts'
import { getObject, headObject } from './s3-read.ts'
import { allowOnly, parseS3Request, type S3Request } from './s3-request.ts'
import { deleteObject, putObject } from './s3-write.ts'

export interface S3FrontOptions {
  readonly store: ObjectStore
  /** Called after a PUT is durable and before it is answered, so that whoever got a 200 can count on it. */
  readonly onPut: (version: ObjectVersion, uploader: Uploader) => Promise<void>
  readonly log: (line: string) => void
}

/** One request on its way through the front. */
export interface S3Exchange {
  readonly store: ObjectStore
  readonly target: S3Request
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
}

/**
 * Answers S3's REST protocol on loopback, path-style, for versioned buckets.
 *
 * It does what Lockstep's promises need (PUT with conditions and digests, GET, HEAD and DELETE by version, ListObjectsV2) and
 * says NotImplemented to everything else, rather than to store a sub-resource call as an object's body.
 */
export const startS3Front = (options: S3FrontOptions): Promise<LoopbackServer> =>
  listenOnLoopback(async (request, response) => {
    const requestId = identifyAnswer(response)
    try {
      const target = parseS3Request(request)
      await route({ store: options.store, target, request, response, requestId }, options.onPut)
    } catch (thrown) {
      if (!(thrown instanceof S3Error)) options.log(`s3: ${request.method} ${request.url}: ${String(thrown)}`)
      const error =
        thrown instanceof S3Error ? thrown : new S3Error('InternalError', 'We encountered an internal error.')
      answerError(request, response, error)
    }
  })

const route = async (exchange: S3Exchange, onPut: S3FrontOptions['onPut']): Promise<void> => {
  const { target } = exchange
  if (target.bucket === '') return listBuckets(exchange)
  if (target.key === '') return await routeBucket(exchange)
  if (!exchange.store.buckets.has(target.bucket)) throw noSuchBucket()
  switch (target.method) {
    case 'PUT':
      return await putObject(exchange, onPut)
    case 'GET':
      return await getObject(exchange)
    case 'HEAD':
      return headObject(exchange)
    case 'DELETE':
      return await deleteObject(exchange)
    default:
      throw new S3Error('NotImplemented', `the embedded cloud has no ${target.method} of objects; use a single PUT`)
  }
}

const routeBucket = async (exchange: S3Exchange): Promise<void> => {
  const { target, store, response } = exchange
  if (target.method === 'PUT') {
    allowOnly(target)
    if (!(await store.createBucket(target.bucket))) throw new S3Error('BucketAlreadyOwnedByYou', 'the bucket is there')
    return answerEmpty(response, 200, { location: `/${target.bucket}` })
  }
  if (!store.buckets.has(target.bucket)) throw noSuchBucket()
  if (target.method === 'HEAD') return answerEmpty(response, 200)
  if (target.method !== 'GET')
    throw new S3Error('NotImplemented', `the embedded cloud has no ${target.method} of buckets`)
  if (!target.query.has('versioning')) return listObjects(exchange)
  return answerXml(response, 200, { VersioningConfiguration: { Status: 'Enabled' } })
}

const listBuckets = ({ target, store, response }: S3Exchange): void => {
  allowOnly(target)
  if (target.method !== 'GET') throw new S3Error('MethodNotAllowed', 'the service itself has only GET')
  const Bucket = [...store.buckets].map((Name) => ({ Name, CreationDate: bucketsCreatedAt }))
  const Owner = { ID: accountId, DisplayName: 'local' }
  answerXml(response, 200, { ListAllMyBucketsResult: { Owner, Buckets: { Bucket } } })
}

/** The AWS CLI wants a date; the buckets have none of their own. */
const bucketsCreatedAt = '2026-01-01T00:00:00.000Z'

const noSuchBucket = (): S3Error => new S3Error('NoSuchBucket', 'The specified bucket does not exist')

import { addAbortSignal, Readable } from 'node:stream'
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { bareEtag, realVersion } from '../domain/bundle-key.ts'
import { LockstepError } from '../domain/errors.ts'
import type { BundleObject } from '../domain/records.ts'
import type { BundleStore, BundleUpload } from '../engine/bundle-store.ts'
import { asStoreError, isKeyTaken } from './s3-errors.ts'

/**
 * Bundles in S3. Objects are read by their version, or by their ETag where the bucket has no versions, and written with
 * `If-None-Match: *`.
 */
export const s3BundleStore = (client: S3Client): BundleStore => ({
  async fetch(object, maxBytes) {
    try {
      const response = await client.send(new GetObjectCommand(exactly(object)))
      return await readBody(response, object, maxBytes)
    } catch (error) {
      throw asStoreError(error, object)
    }
  },

  async put(upload) {
    try {
      return await putNew(client, upload)
    } catch (error) {
      throw asStoreError(error, upload)
    }
  },
})

const exactly = (object: BundleObject) => {
  const location = { Bucket: object.bucket, Key: object.key }
  const [version, etag] = [realVersion(object.versionId), bareEtag(object.etag)]
  if (version !== undefined) return { ...location, VersionId: version }
  return etag === undefined ? location : { ...location, IfMatch: `"${etag}"` }
}

/** A connection can stall in the middle of a body, where the client's own timeouts do not reach. */
const downloadTimeoutMs = 120_000

const readBody = async ({ Body, ContentLength }: GetObjectCommandOutput, object: BundleObject, maxBytes: number) => {
  if (!(Body instanceof Readable)) throw new LockstepError('INTERNAL', `${object.key} has no body`)
  if (ContentLength === undefined || ContentLength > maxBytes) {
    Body.destroy()
    const size = ContentLength === undefined ? 'an unknown number of' : ContentLength
    throw new LockstepError('BUNDLE_TOO_LARGE', `${object.key} has ${size} bytes, at most ${maxBytes} are allowed`)
  }
  return collect(addAbortSignal(AbortSignal.timeout(downloadTimeoutMs), Body), object, ContentLength)
}

/** Reads a stream into one buffer of its size: joining chunks would need the memory twice. */
const collect = async (body: Readable, object: BundleObject, size: number): Promise<Uint8Array> => {
  const bytes = Buffer.allocUnsafeSlow(size)
  let offset = 0
  for await (const chunk of body) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  if (offset === size) return bytes
  throw new LockstepError('AWS_UNREACHABLE', `${object.key} came with ${offset} bytes of ${size}`)
}

const putNew = async (client: S3Client, upload: BundleUpload): Promise<BundleObject> => {
  const { bucket, key, bytes } = upload
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: bytes,
    ContentType: 'application/zip',
    IfNoneMatch: '*',
  })
  try {
    return named(upload, await client.send(command))
  } catch (error) {
    if (isKeyTaken(error)) return earlierUpload(client, upload)
    throw error
  }
}

/** Keys are new each time, so what lies there is our own upload, whose answer was lost on its way. */
const earlierUpload = async (client: S3Client, upload: BundleUpload): Promise<BundleObject> => {
  const found = await client.send(new HeadObjectCommand({ Bucket: upload.bucket, Key: upload.key }))
  if (found.ContentLength === upload.bytes.length) return named(upload, found)
  throw new LockstepError('INTERNAL', `other bytes lie at the new key ${upload.key}`)
}

interface Named {
  readonly VersionId?: string | undefined
  readonly ETag?: string | undefined
}

const named = ({ bucket, key }: BundleUpload, answer: Named): BundleObject => {
  const [versionId, etag] = [realVersion(answer.VersionId), bareEtag(answer.ETag)]
  return { bucket, key, ...(versionId !== undefined && { versionId }), ...(etag !== undefined && { etag }) }
}

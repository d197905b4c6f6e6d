import { randomUUID } from 'node:crypto'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { clientFor } from '../../scripts/local/names.ts'
import { givenS3 } from './emulator.ts'
import { startLocalS3 } from './local-parts.ts'

/** An empty bucket that keeps versions, for one test file, and a client for it; disposing drops both. */
export interface TestBucket extends AsyncDisposable {
  readonly name: string
  readonly client: S3Client
}

/** Makes a bucket on the S3 of AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, or on the embedded cloud's own. */
export async function makeBucket(): Promise<TestBucket> {
  const given = givenS3()
  if (given !== undefined) return await bucketAt(given)
  const local = await startLocalS3()
  return { name: 'b', client: local.client, [Symbol.asyncDispose]: () => local[Symbol.asyncDispose]() }
}

/** Makes a client that tries each call once. */
export const s3At = (endpoint: string): S3Client =>
  new S3Client({ ...clientFor(endpoint), forcePathStyle: true, maxAttempts: 1 })

/** Makes a bucket of a new name that keeps versions. */
export async function bucketAt(endpoint: string, prefix = 'test'): Promise<TestBucket> {
  const client = s3At(endpoint)
  const name = `${prefix}-${randomUUID().slice(0, 8)}`
  await client.send(new CreateBucketCommand({ Bucket: name }))
  const VersioningConfiguration = { Status: 'Enabled' } as const
  await client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }))
  const drop = async (): Promise<void> => {
    await dropBucket(client, name).catch(() => {})
    client.destroy()
  }
  return { name, client, [Symbol.asyncDispose]: drop }
}

const dropBucket = async (client: S3Client, Bucket: string): Promise<void> => {
  for (;;) {
    const page = await client.send(new ListObjectVersionsCommand({ Bucket }))
    for (const { Key, VersionId } of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])])
      await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))
    if (page.IsTruncated !== true) break
  }
  await client.send(new DeleteBucketCommand({ Bucket }))
}

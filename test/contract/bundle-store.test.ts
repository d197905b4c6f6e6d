import { randomBytes } from 'node:crypto'
import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { s3BundleStore } from '../../functions/adapters/s3-bundle-store.ts'
import { runIdOf } from '../../functions/domain/bundle-key.ts'
import type { BundleObject } from '../../functions/domain/records.ts'
import type { BundleStore } from '../../functions/engine/bundle-store.ts'
import { type CannedAnswer, cannedS3, errorXml, s3ClientAt } from '../support/canned-s3.ts'
import { memoryBundleStore } from '../support/memory-bundle-store.ts'
import { refusalOf } from '../support/refusal.ts'
import { makeBucket } from '../support/s3.ts'

interface StoreUnderTest {
  readonly bucket: string
  readonly store: BundleStore
  remove(object: BundleObject): Promise<void> | void
  stop?(): Promise<void>
}

const bucket = 'bundles'

const onMemory = (): StoreUnderTest => {
  const store = memoryBundleStore()
  return { bucket, store, remove: store.remove }
}

const onS3 = async (): Promise<StoreUnderTest> => {
  const made = await makeBucket()
  const { client } = made
  return {
    bucket: made.name,
    store: s3BundleStore(client),
    remove: async ({ bucket: Bucket, key: Key, versionId: VersionId }) =>
      void (await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))),
    stop: async () => made[Symbol.asyncDispose](),
  }
}

describe.each([
  ['memory', onMemory],
  ['S3', onS3],
] as const)('a bundle store on %s', (_, start) => {
  let under: StoreUnderTest
  beforeAll(async () => {
    under = await start()
  })
  afterAll(() => under.stop?.())

  const bytes = Buffer.from('a bundle')
  const upload = (name: string) => ({ bucket: under.bucket, key: `bundles/shop/${name}.zip`, bytes })

  test('given an uploaded bundle, when it is fetched, then the bytes are the same', async () => {
    const object = await under.store.put(upload('same'))
    expect(Buffer.from(await under.store.fetch(object, bytes.length))).toEqual(bytes)
  })

  test('given a bundle of many packets, when it is fetched, then the bytes are the same', async () => {
    const large = randomBytes(1024 * 1024)
    const object = await under.store.put({ ...upload('packets'), bytes: large })
    expect(large.equals(await under.store.fetch(object, large.length))).toBe(true)
  })

  test('given an uploaded bundle, when its object is named, then a run id follows from it', async () => {
    expect(runIdOf(await under.store.put(upload('named')))).toMatch(/^r-[0-9a-f]{24}$/)
  })

  test('given a key with a space and a plus, when it is written and fetched, then it is the same object', async () => {
    const object = await under.store.put(upload('release 4+2 (ü)'))
    expect(Buffer.from(await under.store.fetch(object, 100))).toEqual(bytes)
  })

  test('given a bundle past the limit, when it is fetched, then it is refused', async () => {
    const object = await under.store.put(upload('large'))
    expect((await refusalOf(() => under.store.fetch(object, bytes.length - 1))).code).toBe('BUNDLE_TOO_LARGE')
  })

  test('given an object that was deleted, when it is fetched, then it is gone', async () => {
    const object = await under.store.put(upload('deleted'))
    await under.remove(object)
    expect((await refusalOf(() => under.store.fetch(object, 100))).code).toBe('OBJECT_GONE')
  })

  test('given other bytes under the same key, when the first are fetched by their ETag, then they are gone', async () => {
    const { bucket, key } = await under.store.put(upload('replaced'))
    const object = { bucket, key, etag: '0123456789abcdef' }
    expect((await refusalOf(() => under.store.fetch(object, 100))).code).toBe('OBJECT_GONE')
  })
})

describe('what S3 answers', () => {
  const object = { bucket, key: 'bundles/shop/x.zip', versionId: 'v1' }
  const error = (status: number, code: string): CannedAnswer => ({ status, body: errorXml(code) })
  const ok = (headers: Record<string, string> = {}): CannedAnswer => ({ status: 200, headers })
  const upload = { bucket, key: object.key, bytes: Buffer.from('abc') }

  test.each([
    ['a key that is not there', error(404, 'NoSuchKey'), 'OBJECT_GONE'],
    ['a version that is not there', error(404, 'NoSuchVersion'), 'OBJECT_GONE'],
    [
      'a delete marker',
      { ...error(405, 'MethodNotAllowed'), headers: { 'x-amz-delete-marker': 'true' } },
      'OBJECT_GONE',
    ],
    ['an object that was replaced', error(412, 'PreconditionFailed'), 'OBJECT_GONE'],
    ['a denied access', error(403, 'AccessDenied'), 'AWS_DENIED'],
    ['an unknown signer', error(403, 'InvalidAccessKeyId'), 'AWS_UNREACHABLE'],
    ['an expired token', error(400, 'ExpiredToken'), 'AWS_UNREACHABLE'],
    ['no bucket', error(404, 'NoSuchBucket'), 'AWS_UNREACHABLE'],
    ['a fault of its own', error(503, 'SlowDown'), 'AWS_UNREACHABLE'],
    ['half of the bytes', { ...ok({ 'content-length': '9' }), body: 'half', cut: true }, 'AWS_UNREACHABLE'],
    ['more bytes than fit', { ...ok({ 'content-length': '999' }), body: 'x', cut: true }, 'BUNDLE_TOO_LARGE'],
  ] as const)('given %s, when a bundle is fetched, then it is refused as %o', async (_, answer, code) => {
    await using s3 = await cannedS3([answer])
    expect((await refusalOf(() => s3BundleStore(s3.client).fetch(object, 100))).code).toBe(code)
  })

  test('given no server, when a bundle is fetched, then AWS is unreachable', async () => {
    const client = s3ClientAt('http://127.0.0.1:9')
    expect((await refusalOf(() => s3BundleStore(client).fetch(object, 100))).code).toBe('AWS_UNREACHABLE')
  })

  test.each([
    [
      { versionId: 'v1', etag: 'e1' },
      { query: 'versionId=v1', ifMatch: undefined },
    ],
    [{ etag: 'e1' }, { query: 'x-id=GetObject', ifMatch: '"e1"' }],
    [
      { versionId: 'null', etag: '"e1"' },
      { query: 'x-id=GetObject', ifMatch: '"e1"' },
    ],
  ])('given an object with %j, when it is fetched, then exactly that one is asked for', async (identity, asked) => {
    await using s3 = await cannedS3([{ ...ok({ 'content-length': '1' }), body: 'x' }])
    await s3BundleStore(s3.client).fetch({ bucket, key: 'k', ...identity }, 100)
    const [request] = s3.requests
    expect(request?.line).toContain(asked.query)
    expect(request?.headers['if-match']).toBe(asked.ifMatch)
  })

  test('given a bucket with versions, when a bundle is put, then its version is named and nothing is overwritten', async () => {
    await using s3 = await cannedS3([ok({ 'x-amz-version-id': 'v7', etag: '"e7"' })])
    expect(await s3BundleStore(s3.client).put(upload)).toEqual({ bucket, key: object.key, versionId: 'v7', etag: 'e7' })
    expect(s3.requests[0]?.headers['if-none-match']).toBe('*')
  })

  test('given an upload whose answer was lost, when it is put again, then the first answer is given', async () => {
    const head = ok({ 'x-amz-version-id': 'v7', etag: '"e7"', 'content-length': '3' })
    await using s3 = await cannedS3([error(412, 'PreconditionFailed'), head])
    expect(await s3BundleStore(s3.client).put(upload)).toEqual({ bucket, key: object.key, versionId: 'v7', etag: 'e7' })
  })

  test('given other bytes at the key, when a bundle is put, then it is refused', async () => {
    const head = ok({ 'content-length': '4', etag: '"e7"' })
    await using s3 = await cannedS3([error(412, 'PreconditionFailed'), head])
    expect((await refusalOf(() => s3BundleStore(s3.client).put(upload))).code).toBe('INTERNAL')
  })

  test('given no grant, when a bundle is put, then it is denied', async () => {
    await using s3 = await cannedS3([error(403, 'AccessDenied')])
    expect((await refusalOf(() => s3BundleStore(s3.client).put(upload))).code).toBe('AWS_DENIED')
  })
})

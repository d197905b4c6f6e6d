import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { s3BundleStore } from '../../functions/adapters/s3-bundle-store.ts'
import type { BundleObject } from '../../functions/domain/records.ts'
import type { BundleStore } from '../../functions/engine/bundle-store.ts'
import { refusalOf } from '../support/refusal.ts'
import { makeBucket, type TestBucket } from '../support/s3.ts'

let bucket: TestBucket
let store: BundleStore
beforeAll(async () => {
  bucket = await makeBucket()
  store = s3BundleStore(bucket.client)
})
afterAll(() => bucket[Symbol.asyncDispose]())

const maxBytes = 100
const keyOf = (name: string): string => `bundles/shop/${name}.zip`
const put = (name: string, text: string): Promise<BundleObject> =>
  store.put({ bucket: bucket.name, key: keyOf(name), bytes: Buffer.from(text) })
const text = async (object: BundleObject): Promise<string> =>
  Buffer.from(await store.fetch(object, maxBytes)).toString()

/** Writes over a key, as the store itself never does. */
const overwrite = async ({ bucket: Bucket, key: Key }: BundleObject, Body: string): Promise<void> => {
  await bucket.client.send(new PutObjectCommand({ Bucket, Key, Body }))
}
const markDeleted = async ({ bucket: Bucket, key: Key }: BundleObject): Promise<string> =>
  (await bucket.client.send(new DeleteObjectCommand({ Bucket, Key }))).VersionId ?? ''
const withoutVersion = ({ versionId: _, ...object }: BundleObject): BundleObject => object

describe('versions', () => {
  test('given a bundle that was written over, when its version is fetched, then the bytes are the first ones', async () => {
    const object = await put('written-over', 'first')
    await overwrite(object, 'second')
    expect(await text(object)).toBe('first')
  })

  test('given a bundle below a delete marker, when its version is fetched, then the bytes are there', async () => {
    const object = await put('below-marker', 'first')
    await markDeleted(object)
    expect(await text(object)).toBe('first')
  })

  test('given a version that was removed for good, when it is fetched, then it is gone, whatever else lies there', async () => {
    const object = await put('removed', 'first')
    await overwrite(object, 'second')
    const { bucket: Bucket, key: Key, versionId: VersionId } = object
    await bucket.client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))
    expect((await refusalOf(() => store.fetch(object, maxBytes))).code).toBe('OBJECT_GONE')
  })

  test('given a delete marker, when it is fetched as a version, then the bundle is gone', async () => {
    const object = await put('marker', 'first')
    const marker = { ...object, versionId: await markDeleted(object) }
    expect((await refusalOf(() => store.fetch(marker, maxBytes))).code).toBe('OBJECT_GONE')
  })
})

describe('objects without a version', () => {
  test('given a bundle that nobody changed, when it is fetched by its ETag, then the bytes are the same', async () => {
    const object = await put('by-etag', 'first')
    expect(await text(withoutVersion(object))).toBe('first')
  })

  test('given a bundle that was written over, when it is fetched by its ETag, then it is gone', async () => {
    const object = withoutVersion(await put('other-etag', 'first'))
    await overwrite(object, 'second')
    expect((await refusalOf(() => store.fetch(object, maxBytes))).code).toBe('OBJECT_GONE')
  })

  test('given a bundle below a delete marker, when it is fetched without a version, then it is gone', async () => {
    const object = withoutVersion(await put('deleted', 'first'))
    await markDeleted(object)
    expect((await refusalOf(() => store.fetch(object, maxBytes))).code).toBe('OBJECT_GONE')
  })
})

describe('writing', () => {
  test('given a bundle, when it is put again, then both answers name the one version', async () => {
    const first = await put('again', 'first')
    expect(first.versionId).toMatch(/./)
    expect(await put('again', 'first')).toEqual(first)
  })

  test('given a bundle, when other bytes are put under its key, then they are refused and it is unchanged', async () => {
    const object = await put('taken', 'first')
    expect((await refusalOf(() => put('taken', 'the second'))).code).toBe('INTERNAL')
    expect(await text(withoutVersion(object))).toBe('first')
  })

  test('given no bundle, when twenty put it at once, then there is one version', async () => {
    const objects = await Promise.all(Array.from({ length: 20 }, () => put('race', 'first')))
    expect(new Set(objects.map(({ versionId }) => versionId)).size).toBe(1)
  })

  test('given no such bucket, when a bundle is put or fetched, then AWS is unreachable and the bucket is named', async () => {
    const object = { bucket: `no-${bucket.name}`, key: keyOf('x'), versionId: 'v1' }
    const acts = [() => store.fetch(object, maxBytes), () => store.put({ ...object, bytes: Buffer.from('x') })]
    for (const act of acts) {
      const refusal = await refusalOf(act)
      expect(refusal).toMatchObject({
        code: 'AWS_UNREACHABLE',
        message: expect.stringContaining(`no bucket ${object.bucket}`),
      })
    }
  })
})

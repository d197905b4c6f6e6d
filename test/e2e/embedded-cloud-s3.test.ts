import { createHash, randomBytes } from 'node:crypto'
import { appendFile, readdir } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectAclCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type LocalS3, startLocalS3 } from '../support/local-parts.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

let s3: LocalS3

beforeAll(async () => {
  s3 = await startLocalS3()
})
afterAll(() => s3[Symbol.asyncDispose]())

const Bucket = 'b'
const put = (Key: string, Body: string | Uint8Array | Readable, more: Partial<PutObjectCommandInput> = {}) =>
  s3.client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
const get = async (Key: string, VersionId?: string): Promise<Buffer> => {
  const answer = await s3.client.send(new GetObjectCommand({ Bucket, Key, ...(VersionId && { VersionId }) }))
  return Buffer.from((await answer.Body?.transformToByteArray()) ?? [])
}
const refused = (name: string) => expect.objectContaining({ name })

const crc = (bytes: Uint8Array): string => {
  const digest = Buffer.alloc(4)
  digest.writeUInt32BE(crc32(bytes))
  return digest.toString('base64')
}

test('given a key that exists, when it is put with If-None-Match: *, then it is refused and unchanged', async () => {
  await put('once', 'first', { IfNoneMatch: '*' })
  await expect(put('once', 'second', { IfNoneMatch: '*' })).rejects.toEqual(refused('PreconditionFailed'))
  expect(String(await get('once'))).toBe('first')
})

test('given no key, when forty clients put it with If-None-Match: * at once, then exactly one wins', async () => {
  const bodies = Array.from({ length: 40 }, (_, index) => `body ${index}`)
  const outcomes = await Promise.allSettled(bodies.map((body) => put('race', body, { IfNoneMatch: '*' })))
  const won = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [bodies[index]] : []))
  const lost = outcomes.filter((outcome) => outcome.status === 'rejected')
  expect(won).toHaveLength(1)
  expect(lost.every(({ reason }) => reason.name === 'PreconditionFailed')).toBe(true)
  expect(String(await get('race'))).toBe(won[0])
  expect(s3.store.versions(Bucket, 'race')).toHaveLength(1)
})

test('given a deleted key, when it is put with If-None-Match: *, then it is taken', async () => {
  await put('again', 'first')
  await s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'again' }))
  await put('again', 'second', { IfNoneMatch: '*' })
  expect(String(await get('again'))).toBe('second')
})

test('given an ETag, when a put names it with If-Match, then only the current one is taken', async () => {
  const { ETag } = await put('match', 'first')
  await put('match', 'second', { IfMatch: ETag })
  await expect(put('match', 'third', { IfMatch: ETag })).rejects.toEqual(refused('PreconditionFailed'))
  await expect(put('match-none', 'x', { IfMatch: ETag })).rejects.toEqual(refused('NoSuchKey'))
})

test('given a key that is put twice, when its versions are read, then both are there and the newest is the default', async () => {
  const first = await put('versions', 'first')
  const second = await put('versions', 'second')
  expect(first.VersionId).not.toBe(second.VersionId)
  expect(String(await get('versions', first.VersionId))).toBe('first')
  expect(String(await get('versions', second.VersionId))).toBe('second')
  const head = await s3.client.send(new HeadObjectCommand({ Bucket, Key: 'versions' }))
  expect(head).toMatchObject({ VersionId: second.VersionId, ETag: second.ETag, ContentLength: 6 })
})

test('given a deleted key, when it is read, then it is gone, and its version is still there', async () => {
  const { VersionId } = await put('deleted', 'body')
  const marker = await s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'deleted' }))
  expect(marker.DeleteMarker).toBe(true)
  await expect(get('deleted')).rejects.toEqual(refused('NoSuchKey'))
  await expect(s3.client.send(new HeadObjectCommand({ Bucket, Key: 'deleted' }))).rejects.toEqual(refused('NotFound'))
  await expect(get('deleted', marker.VersionId)).rejects.toEqual(refused('MethodNotAllowed'))
  expect(String(await get('deleted', VersionId))).toBe('body')
})

test('given a version, when it is deleted for good, then it is gone and the one before it is the newest', async () => {
  await put('purged', 'first')
  const { VersionId } = await put('purged', 'second')
  await s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'purged', VersionId }))
  await expect(get('purged', VersionId)).rejects.toEqual(refused('NoSuchVersion'))
  expect(String(await get('purged'))).toBe('first')
})

test('given no such key, version or bucket, when it is read, then each has its own answer', async () => {
  await put('known', 'x')
  await expect(get('unknown')).rejects.toEqual(refused('NoSuchKey'))
  await expect(get('known', 'f'.repeat(32))).rejects.toEqual(refused('NoSuchVersion'))
  const other = new GetObjectCommand({ Bucket: 'other', Key: 'known' })
  await expect(s3.client.send(other)).rejects.toEqual(refused('NoSuchBucket'))
})

test.each([
  [
    'PutObjectTagging',
    new PutObjectTaggingCommand({ Bucket, Key: 'kept', Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } }),
  ],
  ['GetObjectTagging', new GetObjectTaggingCommand({ Bucket, Key: 'kept' })],
  ['PutObjectAcl', new PutObjectAclCommand({ Bucket, Key: 'kept', ACL: 'private' })],
  [
    'PutObjectRetention',
    new PutObjectRetentionCommand({
      Bucket,
      Key: 'kept',
      Retention: { Mode: 'GOVERNANCE', RetainUntilDate: new Date() },
    }),
  ],
  ['PutObjectLegalHold', new PutObjectLegalHoldCommand({ Bucket, Key: 'kept', LegalHold: { Status: 'ON' } })],
  ['CopyObject', new CopyObjectCommand({ Bucket, Key: 'kept', CopySource: 'b/other' })],
  ['PutObject with tags', new PutObjectCommand({ Bucket, Key: 'kept', Body: 'tagged', Tagging: 'a=b' })],
  ['CreateMultipartUpload', new CreateMultipartUploadCommand({ Bucket, Key: 'kept' })],
  ['DeleteObjects', new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'kept' }] } })],
])(
  'given an object, when %s is called, then it says NotImplemented and the object is unchanged',
  async (_name, command) => {
    await put('kept', 'as it was')
    const before = s3.store.versions(Bucket, 'kept').length
    const call: Promise<unknown> = s3.client.send(command as PutObjectTaggingCommand)
    await expect(call).rejects.toEqual(refused('NotImplemented'))
    expect(s3.store.versions(Bucket, 'kept')).toHaveLength(before)
    expect(String(await get('kept'))).toBe('as it was')
  },
)

test('given a put under Object Lock, when its version is read or deleted, then the lock is told and holds', async () => {
  const until = new Date(Date.now() + 60_000)
  const lock = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until } as const
  const { VersionId } = await put('locked', 'evidence', lock)
  const head = await s3.client.send(new HeadObjectCommand({ Bucket, Key: 'locked' }))
  expect(head.ObjectLockMode).toBe('COMPLIANCE')
  expect(head.ObjectLockRetainUntilDate?.getTime()).toBe(until.getTime())
  const removal = s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'locked', VersionId }))
  await expect(removal).rejects.toEqual(refused('AccessDenied'))
  expect(String(await get('locked', VersionId))).toBe('evidence')
})

test.each([
  ['nothing', 0],
  ['one byte', 1],
  ['a chunk and a bit', 65_537],
  ['12 MiB', 12 * 1024 * 1024 + 3],
])('given a body of %s, when it is streamed in the aws-chunked frame, then every byte arrives', async (_name, size) => {
  const bytes = randomBytes(size)
  const cut = Array.from({ length: Math.ceil(size / 10_007) }, (_, i) => bytes.subarray(i * 10_007, (i + 1) * 10_007))
  await put('streamed', Readable.from(cut), { ContentLength: size })
  const kept = s3.puts.at(-1)?.version
  expect(kept).toMatchObject({ size, headers: { 'x-amz-checksum-crc32': crc(bytes) } })
  expect(kept?.headers).not.toHaveProperty('content-encoding')
  expect((await get('streamed')).equals(bytes)).toBe(true)
})

test('given bodies of every byte, when they are put whole, then they arrive as they were', async () => {
  const bytes = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256))
  const { ETag, ChecksumCRC32 } = await put('whole', bytes)
  expect(ETag).toBe(`"${createHash('md5').update(bytes).digest('hex')}"`)
  expect(ChecksumCRC32).toBe(crc(bytes))
  expect((await get('whole')).equals(bytes)).toBe(true)
})

const wrong = Buffer.alloc(32, 1).toString('base64')
test.each([
  ['CRC32', { ChecksumCRC32: crc(Buffer.from('other')) }, 'BadDigest'],
  ['SHA-256', { ChecksumSHA256: wrong }, 'BadDigest'],
  ['Content-MD5', { ContentMD5: createHash('md5').update('other').digest('base64') }, 'BadDigest'],
  ['a Content-MD5 that is none', { ContentMD5: 'bm9uZQ==' }, 'InvalidDigest'],
] as const)(
  'given a body and the wrong %s, when it is put, then it is refused and nothing is kept',
  async (_name, digest, code) => {
    await expect(put('digest', 'body', digest)).rejects.toEqual(refused(code))
    expect(s3.store.versions(Bucket, 'digest')).toHaveLength(0)
    expect(await readdir(s3.store.incoming)).toEqual([])
    expect(await readdir(s3.store.incoming)).toEqual([])
  },
)

/** What the SDK would never send. */
const raw = (headers: Record<string, string>, body: string) =>
  fetch(`${s3.endpoint}/b/raw`, { method: 'PUT', headers, body })

test.each([
  ['a trailer with another checksum', '4\r\nbody\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n', 'BadDigest'],
  ['a chunk longer than its size', '4\r\nbody and more\r\n0\r\n\r\n', 'IncompleteBody'],
  ['an end before the last chunk', '4\r\nbody\r\n', 'IncompleteBody'],
  ['a chunk without a size', 'zz\r\nbody\r\n0\r\n\r\n', 'IncompleteBody'],
  ['fewer bytes than declared', '3\r\nbod\r\n0\r\n\r\n', 'IncompleteBody'],
])(
  'given an aws-chunked body with %s, when it is put, then it is refused and nothing is kept',
  async (_name, body, code) => {
    const headers = {
      'content-encoding': 'aws-chunked',
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': '4',
    }
    const answer = await raw(headers, body)
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain(`<Code>${code}</Code>`)
    expect(s3.store.versions(Bucket, 'raw')).toHaveLength(0)
  },
)

test('given a signed hash of another body, when it is put, then it is refused', async () => {
  const answer = await raw({ 'x-amz-content-sha256': createHash('sha256').update('other').digest('hex') }, 'body')
  expect(await answer.text()).toContain('<Code>XAmzContentSHA256Mismatch</Code>')
})

test('given an upload that breaks off, when the client is gone, then nothing is kept and others are served', async () => {
  const broken = new AbortController()
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(Buffer.alloc(70_000)),
    pull: () => broken.abort(),
  })
  const headers = { 'content-length': '200000', 'x-amz-decoded-content-length': '200000' }
  const init = { method: 'PUT', headers, body, duplex: 'half', signal: broken.signal } as const
  await expect(fetch(`${s3.endpoint}/b/broken`, init)).rejects.toThrow()
  await put('after-broken', 'x')
  expect(s3.store.versions(Bucket, 'broken')).toHaveLength(0)
  await eventually(async () => (await readdir(s3.store.incoming)).length === 0)
})

test('given an object, when a part of it is asked for, then that part is answered', async () => {
  await put('ranges', '0123456789')
  const range = async (Range: string) => {
    const answer = await s3.client.send(new GetObjectCommand({ Bucket, Key: 'ranges', Range }))
    return [await answer.Body?.transformToString(), answer.ContentRange]
  }
  expect(await range('bytes=2-4')).toEqual(['234', 'bytes 2-4/10'])
  expect(await range('bytes=-3')).toEqual(['789', 'bytes 7-9/10'])
  expect(await range('bytes=8-')).toEqual(['89', 'bytes 8-9/10'])
  await expect(range('bytes=10-')).rejects.toEqual(refused('InvalidRange'))
})

test('given keys that URLs treat badly, when they are put, then each is its own object and lists as it is', async () => {
  const keys = ['odd/a b+c.zip', 'odd/a%20b.zip', 'odd//double', 'odd/../up', 'odd/ümläut ☃', 'odd/<&">']
  for (const key of keys) await put(key, key)
  for (const key of keys) expect(String(await get(key))).toBe(key)
  const listed = await s3.client.send(new ListObjectsV2Command({ Bucket, Prefix: 'odd/' }))
  expect(listed.Contents?.map(({ Key }) => Key)).toEqual(
    [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  )
})

test('given more keys than a page holds, when they are listed, then each comes once and deleted ones do not', async () => {
  for (let index = 0; index < 7; index++) await put(`pages/${index}/x`, 'x')
  await s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'pages/3/x' }))
  const found: unknown[] = []
  for (let token: string | undefined, more = true; more; more = token !== undefined) {
    const page = await s3.client.send(
      new ListObjectsV2Command({ Bucket, Prefix: 'pages/', Delimiter: '/', MaxKeys: 2, ContinuationToken: token }),
    )
    found.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix))
    token = page.NextContinuationToken
  }
  expect(found).toEqual([0, 1, 2, 4, 5, 6].map((index) => `pages/${index}/`))
})

test('given metadata, when the object is read, then it is told', async () => {
  await put('meta', 'x', { Metadata: { digest: 'abc' }, ContentType: 'application/zip' })
  const head = await s3.client.send(new HeadObjectCommand({ Bucket, Key: 'meta' }))
  expect(head).toMatchObject({ Metadata: { digest: 'abc' }, ContentType: 'application/zip' })
})

test('given versions of one key, when many are put at once, then their sequencers tell their order', async () => {
  await Promise.all(Array.from({ length: 30 }, (_, index) => put('sequence', String(index))))
  const versions = s3.store.versions(Bucket, 'sequence')
  const sequencers = versions.map((version) => (version.kind === 'object' ? version.sequencer : ''))
  expect(new Set(sequencers).size).toBe(30)
  expect([...sequencers].sort()).toEqual(sequencers)
})

test('given a store with versions and markers, when it is opened again, then all is as it was, but for a torn line', async () => {
  await using dir = await temporaryFolder()
  let first: { VersionId?: string | undefined }
  {
    await using before = await startLocalS3(dir.path)
    first = await before.client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'one' }))
    await before.client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'two' }))
    await before.client.send(new PutObjectCommand({ Bucket, Key: 'gone', Body: 'x' }))
    await before.client.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }))
  }
  await appendFile(`${dir.path}/journal.ndjson`, '{"kind":"object","bucket":"b","key":"torn"')
  {
    await using after = await startLocalS3(dir.path)
    expect(await bodyOf(after, 'k')).toBe('two')
    expect(await bodyOf(after, 'k', first.VersionId)).toBe('one')
    await expect(bodyOf(after, 'gone')).rejects.toEqual(refused('NoSuchKey'))
    await expect(bodyOf(after, 'torn')).rejects.toEqual(refused('NoSuchKey'))
    await after.client.send(new PutObjectCommand({ Bucket, Key: 'torn', Body: 'whole' }))
  }
  await using again = await startLocalS3(dir.path)
  expect(await bodyOf(again, 'torn')).toBe('whole')
})

const bodyOf = async (s3: LocalS3, Key: string, VersionId?: string) =>
  await (await s3.client.send(new GetObjectCommand({ Bucket, Key, VersionId }))).Body?.transformToString()

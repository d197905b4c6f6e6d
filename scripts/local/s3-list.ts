import type { ObjectVersion } from './object-journal.ts'
import { answerXml } from './s3-answers.ts'
import { S3Error } from './s3-error.ts'
import type { S3Exchange } from './s3-front.ts'
import { allowOnly } from './s3-request.ts'

/**
 * Answers ListObjectsV2, page by page, with common prefixes.
 *
 * @throws S3Error NotImplemented for the first version of the call
 */
export function listObjects({ store, target, response }: S3Exchange): void {
  allowOnly(
    target,
    'list-type',
    'prefix',
    'delimiter',
    'max-keys',
    'start-after',
    'continuation-token',
    'encoding-type',
    'fetch-owner',
  )
  const { query } = target
  if (query.get('list-type') !== '2')
    throw new S3Error('NotImplemented', 'the embedded cloud lists with ListObjectsV2 only')
  const prefix = query.get('prefix') ?? ''
  const token = query.get('continuation-token')
  const after = token === undefined ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString()
  const entries = group(store.list(target.bucket, prefix), prefix, query.get('delimiter') ?? '').filter(
    ({ name }) => Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0,
  )
  const page = entries.slice(0, pageSize(query.get('max-keys')))
  const truncated = page.length < entries.length
  const isEncoded = query.get('encoding-type') === 'url'
  const encode = isEncoded ? encodeURIComponent : (text: string) => text
  answerXml(response, 200, {
    ListBucketResult: {
      Name: target.bucket,
      Prefix: encode(prefix),
      KeyCount: page.length,
      MaxKeys: pageSize(query.get('max-keys')),
      // Without it a client takes the encoded keys for the keys.
      EncodingType: isEncoded ? 'url' : undefined,
      IsTruncated: truncated,
      NextContinuationToken: truncated ? Buffer.from(page.at(-1)?.name ?? '').toString('base64url') : undefined,
      Contents: page.flatMap(({ version }) => (version === undefined ? [] : [contents(version, encode)])),
      CommonPrefixes: page.flatMap(({ name, version }) => (version === undefined ? [{ Prefix: encode(name) }] : [])),
    },
  })
}

interface Entry {
  /** The key, or the common prefix of several. */
  readonly name: string
  /** Absent for a common prefix. */
  readonly version?: ObjectVersion
}

const group = (versions: readonly ObjectVersion[], prefix: string, delimiter: string): readonly Entry[] => {
  const entries = new Map<string, Entry>()
  for (const version of versions) {
    const end = delimiter === '' ? -1 : version.key.indexOf(delimiter, prefix.length)
    const name = end < 0 ? version.key : version.key.slice(0, end + delimiter.length)
    entries.set(name, end < 0 ? { name, version } : { name })
  }
  return [...entries.values()]
}

const pageSize = (maxKeys: string | undefined): number => Math.min(Number(maxKeys ?? 1000) || 0, 1000)

const contents = (version: ObjectVersion, encode: (text: string) => string) => ({
  Key: encode(version.key),
  LastModified: version.lastModified,
  ETag: `"${version.etag}"`,
  Size: version.size,
  StorageClass: 'STANDARD',
})

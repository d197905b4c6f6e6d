import type { IncomingHttpHeaders } from 'node:http'
import type { Ask } from './iam-decision.ts'
import { templateName } from './iam-names.ts'

/** A request to S3, without its body. */
export interface S3Asked {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
}

/** What a request asks of IAM before anything is done, and what besides when there is no such object. */
export interface S3Asks {
  readonly asks: readonly Ask[]
  /** S3 says that an object is not there to those alone who may list its bucket; to others it says 403. */
  readonly ifAbsent: readonly Ask[]
}

/** They read or set something else than the object, by actions of their own. */
const plainQuery: ReadonlySet<string> = new Set(['x-id', 'versionId', 'list-type', 'prefix', 'continuation-token'])
const otherRights = /^x-amz-(acl|grant-|tagging|object-lock|copy-source|bypass-|server-side-encryption)/

/** What a request to S3, with the bucket in its path, asks of IAM. @throws Error for one that the gate does not know */
export function s3Asks({ method, url, headers }: S3Asked): S3Asks {
  const [, bucket = '', encoded = ''] = /^\/([^/]+)\/?(.*)$/.exec(url.pathname) ?? []
  const arn = templateName('bucket', bucket)
  const odd = [...url.searchParams.keys()].filter((name) => !plainQuery.has(name))
  const special = Object.keys(headers).filter((name) => otherRights.test(name))
  if (odd.length + special.length > 0) throw new Error(`the gate does not know S3's ${[...odd, ...special].join(', ')}`)
  const list = { action: 's3:ListBucket', resource: arn }
  if (encoded === '' && method === 'GET') return { asks: [list], ifAbsent: [] }
  const resource = `${arn}/${decodeURIComponent(encoded)}`
  const version = url.searchParams.has('versionId') ? 'Version' : ''
  switch (method) {
    case 'GET':
    case 'HEAD':
      return { asks: [{ action: `s3:GetObject${version}`, resource }], ifAbsent: [list] }
    case 'PUT':
      return { asks: [{ action: 's3:PutObject', resource }], ifAbsent: [] }
    default:
      throw new Error(`the gate does not know S3's ${method} of ${url.pathname}`)
  }
}

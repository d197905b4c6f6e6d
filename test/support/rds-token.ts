import { createHash, createHmac } from 'node:crypto'

/** What a token says, once its signature was found to be right. */
export interface ReadToken {
  readonly host: string
  readonly user: string
  readonly region: string
  readonly signedAt: string
}

interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** RDS takes a token for 15 minutes after it was signed. */
const validMs = 900_000

/**
 * Reads an authentication token as RDS would: checks the signature, key by key of Signature Version 4, and its age.
 *
 * @throws Error saying what is wrong
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export const readRdsToken = (token: string, keys: Keys): ReadToken => {
  const url = new URL(`https://${token}`)
  const host = token.slice(0, token.indexOf('/'))
  const query = url.searchParams
  const field = (name: string): string => query.get(name) ?? ''
  const [accessKeyId = '', day = '', region = '', service = '', end = ''] = field('X-Amz-Credential').split('/')
  const signedAt = field('X-Amz-Date')
  const scope = [day, region, service, end].join('/')
  const unsigned = [...query].filter(([name]) => name !== 'X-Amz-Signature')
  const canonical = ['GET', '/', canonicalQuery(unsigned), `host:${host}`, '', 'host', sha256('')].join('\n')
  const text = ['AWS4-HMAC-SHA256', signedAt, scope, sha256(canonical)].join('\n')
  const key = [day, region, service, end].reduce<Buffer | string>(hmac, `AWS4${keys.secretAccessKey}`)
  const expected: Readonly<Record<string, string>> = {
    Action: 'connect',
    'X-Amz-Expires': '900',
    'X-Amz-SignedHeaders': 'host',
    'X-Amz-Signature': hmac(key, text).toString('hex'),
    ...(keys.sessionToken !== undefined && { 'X-Amz-Security-Token': keys.sessionToken }),
  }
  for (const [name, value] of Object.entries(expected)) mustBe(name, field(name), value)
  mustBe('access key', accessKeyId, keys.accessKeyId)
  mustBe('service', service, 'rds-db')
  mustBe('age', isFresh(signedAt) ? 'fresh' : signedAt, 'fresh')
  return { host, user: field('DBUser'), region, signedAt }
}

const mustBe = (what: string, got: string, expected: string): void => {
  if (got !== expected) throw new Error(`${what} of the token is ${got}, expected ${expected}`)
}

const isFresh = (basicIso: string): boolean => {
  const iso = basicIso.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  return Math.abs(Date.now() - Date.parse(iso)) < validMs
}

const canonicalQuery = (pairs: readonly (readonly [string, string])[]): string =>
  pairs
    .map((pair) => pair.map(encode).join('='))
    .toSorted()
    .join('&')

const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest()

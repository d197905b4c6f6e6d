import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'

/** A certificate with its key, both in PEM. */
export interface Identity {
  readonly certificate: string
  readonly key: string
}

/** Who signs certificates. */
export interface Authority extends Identity {
  /** Makes a server's identity, valid for these names and addresses; `ended` makes one that expired yesterday. */
  issue(names: readonly string[], validity?: 'valid' | 'ended'): Identity
}

/** Makes a certificate authority that nobody trusts yet, with a key of the P-256 curve. */
export const makeAuthority = (name: string): Authority => {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = { name, key: keys.privateKey }
  const own = { subject: name, key: keys.publicKey, validity: 'valid', extensions: [isAuthority] } as const
  return {
    certificate: certify(issuer, own),
    key: pemOf(keys.privateKey),
    issue: (names, validity = 'valid') => {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const of = { subject: names[0] ?? '', key: publicKey, validity, extensions: [alternativeNames(names)] }
      return { certificate: certify(issuer, of), key: pemOf(privateKey) }
    },
  }
}

interface Issuer {
  readonly name: string
  readonly key: KeyObject
}

interface Subject {
  readonly subject: string
  readonly key: KeyObject
  readonly validity: 'valid' | 'ended'
  readonly extensions: readonly Buffer[]
}

/** RFC 5280, as little of it as TLS needs. */
const certify = (issuer: Issuer, { subject, key, validity, extensions }: Subject): string => {
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    nameOf(issuer.name),
    sequence(...dates[validity].map(utcTime)),
    nameOf(subject),
    key.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  )
  const certificate = sequence(body, ecdsaWithSha256, bits(sign('sha256', body, issuer.key)))
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

const dayMs = 86_400_000
const dates = { valid: [-1, 30], ended: [-30, -1] } as const

const tagged = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, ...sizeOf(content.length)]), content])
}

const sizeOf = (length: number): readonly number[] => {
  if (length < 0x80) return [length]
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
}

const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, ...parts)
const integer = (bytes: Buffer): Buffer => tagged(0x02, bytes)
const bits = (bytes: Buffer): Buffer => tagged(0x03, Buffer.from([0]), bytes)
const octets = (bytes: Buffer): Buffer => tagged(0x04, bytes)
const oid = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'))
const utcTime = (days: number): Buffer => {
  const iso = new Date(Date.now() + days * dayMs).toISOString()
  return tagged(0x17, Buffer.from(`${iso.slice(2, 19).replaceAll(/[-T:]/g, '')}Z`))
}

const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))
const commonName = oid('550403')
const nameOf = (text: string): Buffer => sequence(tagged(0x31, sequence(commonName, tagged(0x0c, Buffer.from(text)))))
const yes = tagged(0x01, Buffer.from([0xff]))
const isAuthority = sequence(oid('551d13'), yes, octets(sequence(yes)))
const alternativeNames = (names: readonly string[]): Buffer =>
  sequence(oid('551d11'), octets(sequence(...names.map(alternativeName))))
const alternativeName = (name: string): Buffer =>
  isIP(name) === 4 ? tagged(0x87, Buffer.from(name.split('.').map(Number))) : tagged(0x82, Buffer.from(name))

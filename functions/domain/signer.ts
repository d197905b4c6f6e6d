import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { sha256 } from './checksum.ts'
import type { SignedStatement } from './signature-file.ts'
import { printStatement } from './statement.ts'
import type { Sha256 } from './types.ts'

/** Whose signature a target accepts. */
export interface Signer {
  /** How audit events name the key; the target's owner chooses it, so no bundle can claim it. */
  readonly id: string
  /** A P-256 key as base64 of its SubjectPublicKeyInfo in DER: what `kms:GetPublicKey` answers, and a PEM file between its lines. */
  readonly publicKey: string
}

/** The curve that local keys and KMS keys have in common; Node's name of it. */
export const signingCurve = 'prime256v1'

/** Tells whether a text can name a signer: it stands in audit events. */
export const isSignerId = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text)

/** Tells whether a text is a public key in the one form that is accepted. */
export const isPublicKey = (text: string): boolean => readPublicKey(text) !== undefined

/** Names a public key: the SHA-256 of its DER. */
export const keyIdOf = (publicKey: string): Sha256 => sha256(Buffer.from(publicKey, 'base64'))

/** Tells whether a statement was signed, exactly as it stands, with this key. */
export function isSignedBy({ statement, signature }: SignedStatement, { publicKey }: Signer): boolean {
  const key = readPublicKey(publicKey)
  if (key === undefined || statement.key !== keyIdOf(publicKey)) return false
  return verify('sha256', Buffer.from(printStatement(statement)), { key, dsaEncoding: 'der' }, signature)
}

/** A key in another form of the same point would have another name. */
function readPublicKey(text: string): KeyObject | undefined {
  const der = Buffer.from(text, 'base64')
  if (der.toString('base64') !== text) return undefined
  try {
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
    const fits = key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === signingCurve
    return fits && key.export({ format: 'der', type: 'spki' }).equals(der) ? key : undefined
  } catch {
    return undefined
  }
}

import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { signBundle } from '../../functions/adapters/bundle-signing.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import { defaultLimits } from '../../functions/domain/limits.ts'
import { keyIdOf, type Signer } from '../../functions/domain/signer.ts'
import { type BundleStatement, printStatement } from '../../functions/domain/statement.ts'
import { instant, type TargetName } from '../../functions/domain/types.ts'
import type { SigningKey } from '../../functions/engine/signing-key.ts'
import { targetName } from './control-records.ts'

/** A key pair for tests: what signs, and what a target pins. */
export interface TestKey extends SigningKey {
  readonly signer: Signer
}

/** Makes a key pair that a target knows by this id. */
export function newKey(id: string): TestKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const publicKey = publicTextOf(privateKey)
  return { publicKey, signer: { id, publicKey }, sign: async (statement) => signWith(privateKey, statement) }
}

export const publicTextOf = (privateKey: KeyObject): string =>
  createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).toString('base64')

const signWith = (key: KeyObject, statement: BundleStatement): Uint8Array =>
  sign('sha256', Buffer.from(printStatement(statement)), key)

/** A statement for production that holds for a month of the tests' time. */
export const statementOf = (key: Pick<SigningKey, 'publicKey'>, changes: Partial<BundleStatement> = {}) => ({
  digest: sha256('history'),
  manifest: sha256('manifest'),
  target: targetName('production'),
  expires: instant(new Date('2026-12-24T10:00:00Z')),
  key: keyIdOf(key.publicKey),
  ...changes,
})

/** Adds a signature to a packed bundle. */
export async function signed(
  bytes: Uint8Array,
  key: SigningKey,
  wish: { readonly target: TargetName } & Partial<BundleStatement>,
): Promise<Uint8Array> {
  const { target, parent, expires = instant(new Date('2036-01-01T00:00:00Z')) } = wish
  const statement = { target, expires, ...(parent !== undefined && { parent }) }
  return (await signBundle(bytes, { key, wish: statement, limits: defaultLimits })).bytes
}

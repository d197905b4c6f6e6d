import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { LockstepError } from '../domain/errors.ts'
import { signingCurve } from '../domain/signer.ts'
import { printStatement } from '../domain/statement.ts'
import type { SigningKey } from '../engine/signing-key.ts'

/** Nobody but the owner may read a private key. */
const ownerOnly = 0o600
const others = 0o077

/**
 * Makes a key pair: the private key in a PEM file that only its owner may read, the public key in `<file>.pub`. Nothing is ever
 * overwritten.
 *
 * @returns the public key as `Signer.publicKey` has it
 * @throws LockstepError USAGE when one of the files is there, or can't be written
 */
export async function writeKeyFile(file: string): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: signingCurve })
  await writeNew(file, String(privateKey.export({ type: 'pkcs8', format: 'pem' })), ownerOnly)
  await writeNew(publicKeyFile(file), String(publicKey.export({ type: 'spki', format: 'pem' })), 0o644)
  return asText(publicKey)
}

/** Where the public key of a key file lies. */
export const publicKeyFile = (file: string): string => `${file}.pub`

const writeNew = async (file: string, text: string, mode: number): Promise<void> => {
  try {
    await writeFile(file, text, { flag: 'wx', mode })
  } catch (cause) {
    const reason = isThere(cause) ? 'is there already' : `can't be written: ${reasonOf(cause)}`
    const hint = isThere(cause) ? 'keys are never overwritten; give a new name' : 'give a path in a folder that exists'
    throw new LockstepError('USAGE', `${file} ${reason}`, { hint, cause })
  }
}

const isThere = (cause: unknown): boolean => cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'

/**
 * Reads a private key from a PEM file.
 *
 * @throws LockstepError KEY_INVALID when it is no P-256 key, or others may read it
 */
export async function readKeyFile(file: string): Promise<SigningKey> {
  const pem = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new LockstepError('KEY_INVALID', `${file} can't be read: ${reasonOf(cause)}`, { cause })
  })
  await refuseOpen(file)
  const key = parseKey(file, pem)
  return {
    publicKey: asText(createPublicKey(key)),
    sign: async (statement) => sign('sha256', Buffer.from(printStatement(statement)), { key, dsaEncoding: 'der' }),
  }
}

/** Windows has no such modes. */
const refuseOpen = async (file: string): Promise<void> => {
  const { mode } = await stat(file)
  if (process.platform === 'win32' || (mode & others) === 0) return
  const shown = (mode & 0o777).toString(8).padStart(4, '0')
  throw new LockstepError('KEY_INVALID', `${file} has mode ${shown}, expected one that only its owner can read`, {
    hint: `chmod 600 ${file}`,
  })
}

function parseKey(file: string, pem: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (cause) {
    throw new LockstepError('KEY_INVALID', `${file} is no private key in PEM: ${reasonOf(cause)}`, { cause })
  }
  const { asymmetricKeyType, asymmetricKeyDetails } = key
  if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === signingCurve) return key
  const kind = [asymmetricKeyType, asymmetricKeyDetails?.namedCurve].filter(Boolean).join(' ')
  throw new LockstepError('KEY_INVALID', `${file} has a key of type ${kind}, expected ec ${signingCurve} (P-256)`)
}

const asText = (key: KeyObject): string => key.export({ type: 'spki', format: 'der' }).toString('base64')
const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

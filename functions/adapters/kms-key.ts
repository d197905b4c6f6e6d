import type { KMSClient } from '@aws-sdk/client-kms'
import { LockstepError } from '../domain/errors.ts'
import { isPublicKey } from '../domain/signer.ts'
import { printStatement } from '../domain/statement.ts'
import type { SigningKey } from '../engine/signing-key.ts'

/** A key of KMS as it is named there: id, multi-region id, alias, or the ARN of either. A file of such a name is `./<name>`. */
const kmsKeyPattern = /^(arn:[^:]+:kms:|alias\/|mrk-[0-9a-f]{32}$|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$)/

/** Tells whether a key is named as KMS names its keys. */
export const isKmsKey = (name: string): boolean => kmsKeyPattern.test(name)

/** The region of a key's ARN, which need not be the one of the environment. */
export const regionOfKey = (name: string): string | undefined => /^arn:[^:]+:kms:([^:]+):/.exec(name)?.[1]

/** The parts of the SDK that are used; it is loaded by whoever makes the client. */
export type KmsSdk = Pick<typeof import('@aws-sdk/client-kms'), 'GetPublicKeyCommand' | 'SignCommand'>

/**
 * Opens a key that never leaves KMS; asks for its public half.
 *
 * @throws LockstepError KEY_INVALID when it is no P-256 key for signing, AWS_DENIED, AWS_UNREACHABLE
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
 */
export async function openKmsKey(client: KMSClient, sdk: KmsSdk, name: string): Promise<SigningKey> {
  const { KeySpec, KeyUsage, PublicKey } = await asked(name, client.send(new sdk.GetPublicKeyCommand({ KeyId: name })))
  const publicKey = Buffer.from(PublicKey ?? []).toString('base64')
  if (KeyUsage !== 'SIGN_VERIFY' || !isPublicKey(publicKey)) {
    const message = `${name} is a key of type ${KeySpec} for ${KeyUsage}, expected ECC_NIST_P256 for SIGN_VERIFY`
    throw new LockstepError('KEY_INVALID', message)
  }
  return {
    publicKey,
    async sign(statement) {
      const Message = Buffer.from(printStatement(statement))
      const order = { KeyId: name, Message, MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256' } as const
      const { Signature } = await asked(name, client.send(new sdk.SignCommand(order)))
      return Signature ?? new Uint8Array()
    },
  }
}

const denied: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'UnrecognizedClientException',
  'ExpiredTokenException',
])
/** What no repetition and no grant would change. */
const unusable: ReadonlySet<string> = new Set([
  'NotFoundException',
  'DisabledException',
  'InvalidArnException',
  'InvalidKeyUsageException',
  'KMSInvalidStateException',
  'UnsupportedOperationException',
])

const asked = <Answer>(name: string, answer: Promise<Answer>): Promise<Answer> =>
  answer.catch((cause: unknown) => {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    const message = `asking KMS for ${name} failed: ${error.message || error.name}`
    if (unusable.has(error.name)) throw new LockstepError('KEY_INVALID', message, { cause })
    if (!denied.has(error.name)) throw new LockstepError('AWS_UNREACHABLE', message, { cause })
    throw new LockstepError('AWS_DENIED', message, { hint: 'ask for kms:GetPublicKey and kms:Sign on that key', cause })
  })

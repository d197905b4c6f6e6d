import { S3ServiceException } from '@aws-sdk/client-s3'
import { LockstepError } from '../domain/errors.ts'

/** Where an object lies. */
interface Location {
  readonly bucket: string
  readonly key: string
}

/** Tells whether a write with `If-None-Match: *` was refused since something lies there. */
export const isKeyTaken = (error: unknown): boolean => nameOf(error) === 'PreconditionFailed'

/**
 * S3's answers for an object, or the wanted version of it, that is not there. The third is a delete marker's; the last says that
 * the object was replaced.
 */
const gone: ReadonlySet<string> = new Set(['NoSuchKey', 'NoSuchVersion', 'MethodNotAllowed', 'PreconditionFailed'])

/** Answers with status 403 that are not about a missing grant: whoever signed is not known at all. */
const unknownSigner: ReadonlySet<string> = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'RequestTimeTooSkewed',
])

/** Says in Lockstep's words why an object could not be read or written; a LockstepError is returned as it is. */
export function asStoreError(error: unknown, { bucket, key }: Location): LockstepError {
  if (error instanceof LockstepError) return error
  const name = nameOf(error)
  const message = error instanceof Error && error.message !== '' ? error.message : name
  if (gone.has(name)) {
    return new LockstepError('OBJECT_GONE', `${key} is not in bucket ${bucket} any more (${name})`, { cause: error })
  }
  if (name === 'NoSuchBucket') {
    return new LockstepError('AWS_UNREACHABLE', `there is no bucket ${bucket} in this account and region`, {
      cause: error,
    })
  }
  const denied =
    error instanceof S3ServiceException && error.$metadata.httpStatusCode === 403 && !unknownSigner.has(name)
  const code = denied ? 'AWS_DENIED' : 'AWS_UNREACHABLE'
  return new LockstepError(code, `${key} in bucket ${bucket}: ${message}`, { cause: error })
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : String(error))

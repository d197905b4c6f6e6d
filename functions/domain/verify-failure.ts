import { type ErrorDetails, LockstepError } from './errors.ts'
import { placeAt } from './source-position.ts'
import type { StepSource } from './step-source.ts'
import type { Direction } from './types.ts'
import type { VerifySource } from './verify-source.ts'

/** An assertion that does not hold, and what became of its step. */
export interface FailedAssertion {
  /** Counts from 0. */
  readonly index: number
  /** Follows its name in the message: `returned false`, or `failed: ` and the server's words. */
  readonly what: string
  /** Code points from its beginning to where the server saw the error. */
  readonly offset?: number
  readonly direction: Direction
  /** What of the step is committed already and stays: only a step of units can have any. */
  readonly stays: 'nothing' | 'earlier statements' | 'all statements'
  readonly details?: ErrorDetails
}

/** Makes the error of an assertion that does not hold, with its place in the verify file. */
export const verifyFailed = (source: StepSource, verify: VerifySource, failed: FailedAssertion): LockstepError => {
  const { index, what, offset = 0 } = failed
  const { name } = source.migration
  const start = verify.assertions[index]?.startCodePoint ?? 0
  const hint = hintOf(verify, failed)
  return new LockstepError('VERIFY_FAILED', `${name}: assertion ${index + 1} of ${verify.path} ${what}`, {
    ...failed.details,
    migration: name,
    place: placeAt(verify, start + offset),
    ...(hint !== undefined && { hint }),
  })
}

/** Undefined where the error table's is right. */
const hintOf = ({ path }: VerifySource, { direction, stays }: FailedAssertion): string | undefined => {
  const isUp = direction === 'up'
  switch (stays) {
    case 'nothing':
      return isUp ? undefined : 'the way back was rolled back, so nothing changed; correct what the assertion asks for'
    case 'earlier statements':
      return `the statements before the last took effect and stay; correct ${isUp ? `the rest or ${path}, which is no part of the checksum, and push again` : 'what the assertion asks for, and roll back again'}`
    case 'all statements':
      return `the statements took effect and stay; correct the data${isUp ? ` or ${path}, which is no part of the checksum, and push again` : ', and roll back again'}: only the assertions are run then`
  }
}

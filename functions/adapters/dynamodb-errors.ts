import { TransactionCanceledException } from '@aws-sdk/client-dynamodb'
import { LockstepError } from '../domain/errors.ts'

/**
 * What a failed request means.
 *
 * - `refused`: a condition did not hold; an answer, not a fault
 * - `conflict`: another write was under way on the same item; nothing happened, and the same request may succeed at once
 * - `transient`: throttled, cut off or broken for the moment; whether it took effect is unknown
 * - `final`: the same request would fail again
 */
export type FaultNature = 'refused' | 'conflict' | 'transient' | 'final'

/** Error names of DynamoDB API reference, "Common Errors" and "TransactWriteItems". */
const natureByName: Readonly<Record<string, FaultNature>> = {
  ConditionalCheckFailedException: 'refused',
  TransactionConflictException: 'conflict',
  // The same request token is still being worked on.
  TransactionInProgressException: 'conflict',
  ProvisionedThroughputExceededException: 'transient',
  RequestLimitExceeded: 'transient',
  ThrottlingException: 'transient',
  LimitExceededException: 'transient',
  TimeoutError: 'transient',
  CredentialsProviderError: 'final',
}

const natureByReason: Readonly<Record<string, FaultNature>> = {
  ConditionalCheckFailed: 'refused',
  TransactionConflict: 'conflict',
  ThrottlingError: 'transient',
  ProvisionedThroughputExceeded: 'transient',
}

/** Judges a failed request. */
export function natureOf(error: unknown): FaultNature {
  if (error instanceof TransactionCanceledException) return natureOfCancellation(error)
  const known = natureByName[nameOf(error)]
  if (known !== undefined) return known
  const status = statusOf(error)
  // No status at all: the network, on the way there or back.
  if (status === undefined || status >= 500) return 'transient'
  return 'final'
}

/** Whatever is graver than a refusal decides: nothing happened, and the conditions are judged when the request is repeated. */
function natureOfCancellation({ CancellationReasons = [] }: TransactionCanceledException): FaultNature {
  const codes = CancellationReasons.map(({ Code = 'None' }) => Code).filter((code) => code !== 'None')
  const natures = new Set(codes.map((code) => natureByReason[code] ?? 'final'))
  const ranked = ['final', 'transient', 'conflict', 'refused'] as const
  return ranked.find((nature) => natures.has(nature)) ?? 'final'
}

/** Says in Lockstep's words why a request did not succeed. */
export function asControlError(error: unknown, table: string): LockstepError {
  const message = error instanceof Error ? error.message : String(error)
  const name = nameOf(error)
  if (name === 'AccessDeniedException')
    return new LockstepError('AWS_DENIED', `table ${table}: ${message}`, { cause: error })
  if (name === 'ResourceNotFoundException') {
    return new LockstepError('AWS_UNREACHABLE', `there is no table ${table} in this account and region`, {
      cause: error,
    })
  }
  if (
    name === 'ValidationException' ||
    (error instanceof TransactionCanceledException && natureOf(error) === 'final')
  ) {
    return new LockstepError('INTERNAL', `dynamodb refused a request to table ${table} as malformed: ${message}`, {
      cause: error,
    })
  }
  return new LockstepError('AWS_UNREACHABLE', `table ${table} could not be reached: ${name}: ${message}`, {
    cause: error,
  })
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error)

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined
  const metadata = error.$metadata
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined
}

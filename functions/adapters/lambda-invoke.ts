import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import { LockstepError } from '../domain/errors.ts'

const denied: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'UnrecognizedClientException',
  'ExpiredTokenException',
])

/** Lambda says so before it starts anything. */
const throttled = 'TooManyRequestsException'

/**
 * Makes a caller of one function that waits for its answer.
 *
 * An alias that is not there means that no such target was declared.
 *
 * @returns a function from payload and alias to the answer as parsed JSON, to be parsed by the caller
 * @throws LockstepError TARGET_UNKNOWN for an alias that is not there, AWS_THROTTLED when Lambda did not start it, AWS_UNREACHABLE when the call failed, AWS_DENIED, INTERNAL when the function itself crashed or timed out
 */
export const invokeFunction =
  (client: LambdaClient, functionName: string) =>
  async (payload: unknown, alias?: string): Promise<unknown> => {
    const command = new InvokeCommand({
      FunctionName: functionName,
      Payload: JSON.stringify(payload),
      ...(alias !== undefined && { Qualifier: alias }),
    })
    const response = await client.send(command).catch((cause: unknown) => {
      const { name, message } = cause instanceof Error ? cause : { name: '', message: String(cause) }
      if (name === 'ResourceNotFoundException' && alias !== undefined)
        throw new LockstepError('TARGET_UNKNOWN', `${functionName} has no alias "${alias}"`, { cause })
      throw new LockstepError(codeOf(name), `invoking ${functionName} failed: ${message || name}`, { cause })
    })
    const text = response.Payload === undefined ? 'null' : Buffer.from(response.Payload).toString('utf8')
    if (response.FunctionError === undefined) return JSON.parse(text)
    throw new LockstepError('INTERNAL', `${functionName} failed (${response.FunctionError}): ${text.slice(0, 1_000)}`)
  }

const codeOf = (name: string) => {
  if (name === throttled) return 'AWS_THROTTLED'
  return denied.has(name) ? 'AWS_DENIED' : 'AWS_UNREACHABLE'
}

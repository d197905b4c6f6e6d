import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import { LockstepError } from '../domain/errors.ts'

const denied: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'UnrecognizedClientException',
  'ExpiredTokenException',
])

/**
 * Makes a caller of one function that waits for its answer.
 *
 * @returns a function from payload to the answer as parsed JSON, to be parsed by the caller
 * @throws LockstepError AWS_UNREACHABLE when the call failed, AWS_DENIED, INTERNAL when the function itself crashed or timed out
 */
export const invokeFunction =
  (client: LambdaClient, functionName: string) =>
  async (payload: unknown): Promise<unknown> => {
    const command = new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(payload) })
    const response = await client.send(command).catch((cause: unknown) => {
      const { name, message } = cause instanceof Error ? cause : { name: '', message: String(cause) }
      const code = denied.has(name) ? 'AWS_DENIED' : 'AWS_UNREACHABLE'
      throw new LockstepError(code, `invoking ${functionName} failed: ${message || name}`, { cause })
    })
    const text = response.Payload === undefined ? 'null' : Buffer.from(response.Payload).toString('utf8')
    if (response.FunctionError === undefined) return JSON.parse(text)
    throw new LockstepError('INTERNAL', `${functionName} failed (${response.FunctionError}): ${text.slice(0, 1_000)}`)
  }

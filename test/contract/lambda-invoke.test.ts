import { createServer } from 'node:http'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { describe, expect, onTestFinished, test } from 'vitest'
import { invokeFunction } from '../../functions/adapters/lambda-invoke.ts'

interface Answer {
  readonly status: number
  readonly error?: string
  readonly functionError?: string
  readonly body?: unknown
}

/** A Lambda that answers each invocation so, in the headers and bodies of its API. */
const lambdaThatAnswers = async ({ status, error, functionError, body = {} }: Answer): Promise<LambdaClient> => {
  const server = createServer((_, response) => {
    const errorType = error === undefined ? {} : { 'x-amzn-errortype': error }
    const failed = functionError === undefined ? {} : { 'x-amz-function-error': functionError }
    response
      .writeHead(status, { 'content-type': 'application/json', ...errorType, ...failed })
      .end(JSON.stringify(body))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => void server.close())
  const address = server.address()
  return new LambdaClient({
    region: 'eu-west-1',
    endpoint: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
  })
}

describe('invoking a function', () => {
  test('given a function that answers, when it is invoked, then its answer is read', async () => {
    const client = await lambdaThatAnswers({ status: 200, body: { kind: 'more' } })
    expect(await invokeFunction(client, 'runner')({})).toEqual({ kind: 'more' })
  })

  test.each<[string, Answer, string]>([
    ['does not start it', { status: 429, error: 'TooManyRequestsException' }, 'AWS_THROTTLED'],
    ['denies it', { status: 403, error: 'AccessDeniedException' }, 'AWS_DENIED'],
    ['has trouble of its own', { status: 500, error: 'ServiceException' }, 'AWS_UNREACHABLE'],
    ['tells that it crashed', { status: 200, functionError: 'Unhandled' }, 'INTERNAL'],
  ])('given a Lambda that %s, when a function is invoked, then the error says so', async (_, answer, code) => {
    const client = await lambdaThatAnswers(answer)
    await expect(invokeFunction(client, 'runner')({})).rejects.toMatchObject({ code })
  })

  test('given no such alias, when a function is invoked by it, then there is no such target', async () => {
    const client = await lambdaThatAnswers({ status: 404, error: 'ResourceNotFoundException' })
    await expect(invokeFunction(client, 'runner')({}, 'shop')).rejects.toMatchObject({ code: 'TARGET_UNKNOWN' })
  })
})

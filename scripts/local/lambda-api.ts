import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FunctionHost } from './function-host.ts'
import { answerJson, type LoopbackServer, listenOnLoopback, readBody } from './loopback.ts'
import { functionArn } from './names.ts'

/**
 * Answers Lambda's Invoke on loopback, for RequestResponse, Event and DryRun. Any alias or version is there, and is the function
 * itself; the handler sees by which it was invoked.
 *
 * An Event is run once, while Lambda would try twice more. An invocation goes on when its caller leaves, as in Lambda.
 */
export const startLambdaApi = (host: Pick<FunctionHost, 'has' | 'invoke'>): Promise<LoopbackServer> =>
  listenOnLoopback(async (request, response) => {
    response.setHeader('x-amzn-requestid', randomUUID())
    const named = namedFunction(request.url ?? '')
    if (request.method !== 'POST' || named === undefined) {
      refuse(request, response, {
        status: 404,
        type: 'UnknownOperationException',
        message: 'only Invoke is known here',
      })
      return
    }
    if (!host.has(named.name)) {
      const message = `Function not found: ${functionArn(named.name)}`
      refuse(request, response, { status: 404, type: 'ResourceNotFoundException', message })
      return
    }
    await answerInvoke(host, named, { request, response })
  })

/** Lambda's limits for the payload of a synchronous and of an asynchronous invocation. */
const requestLimitBytes = 6 * 1024 * 1024
const eventLimitBytes = 1024 * 1024

const answerInvoke = async (
  host: Pick<FunctionHost, 'has' | 'invoke'>,
  { name, qualifier }: NamedFunction,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<void> => {
  const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse'
  const body = await readBody(request, type === 'Event' ? eventLimitBytes : requestLimitBytes).catch(() => undefined)
  if (body === undefined) {
    const message = 'Request must be smaller than the limit of its invocation type'
    refuse(request, response, { status: 413, type: 'RequestTooLargeException', message })
    return
  }
  const payload = body.length === 0 ? '{}' : body.toString()
  if (!isJson(payload)) {
    const message = 'Could not parse request body into json'
    refuse(request, response, { status: 400, type: 'InvalidRequestContentException', message })
    return
  }
  if (type === 'DryRun') {
    response.writeHead(204).end()
    return
  }
  const invoked = host.invoke(name, payload, qualifier)
  if (type === 'Event') {
    response.writeHead(202, { 'content-length': 0 }).end()
    return
  }
  const { payload: answer, functionError, requestId, throttled } = await invoked
  if (throttled === true) {
    refuse(request, response, { status: 429, type: 'TooManyRequestsException', message: 'Rate Exceeded.' })
    return
  }
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(answer),
    'x-amzn-requestid': requestId,
    'x-amz-executed-version': '$LATEST',
    ...(functionError !== undefined && { 'x-amz-function-error': functionError }),
  })
  response.end(answer)
}

interface NamedFunction {
  readonly name: string
  readonly qualifier?: string
}

/** A plain name, `account:function:name` or a whole ARN, each with or without a qualifier, which may stand in the query as well. */
const namedFunction = (url: string): NamedFunction | undefined => {
  const { pathname, searchParams } = new URL(url, 'http://lambda')
  const [, encoded] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(pathname) ?? []
  if (encoded === undefined) return undefined
  const pattern = /^(?:(?:arn:aws:lambda:[^:]+:)?\d{12}:function:)?([A-Za-z0-9_-]+)(?::([^:]+))?$/
  const [, name, suffix] = pattern.exec(decodeURIComponent(encoded)) ?? []
  const qualifier = suffix ?? searchParams.get('Qualifier') ?? undefined
  return name === undefined ? undefined : { name, ...(qualifier !== undefined && { qualifier }) }
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const refuse = (
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, message }: { readonly status: number; readonly type: string; readonly message: string },
): void => {
  request.resume()
  answerJson(response, { status, headers: { 'x-amzn-errortype': type }, body: { Type: 'User', Message: message } })
}

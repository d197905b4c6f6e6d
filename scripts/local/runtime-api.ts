import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerJson, listenOnLoopback, readBody } from './loopback.ts'

/** One call of a function. */
export interface Invocation {
  readonly requestId: string
  /** A JSON document. */
  readonly payload: string
  /** The alias or version that was named. */
  readonly qualifier?: string
}

/** What the handler answered, as JSON, or what became of it. */
export interface InvocationResult {
  readonly payload: string
  readonly functionError?: 'Unhandled'
}

/** The host's end of one process's Runtime API. */
export interface RuntimeApi {
  /** `host:port`, for AWS_LAMBDA_RUNTIME_API. */
  readonly address: string
  /** Hands an invocation to the process when it asks for one, and waits for its answer; one at a time. */
  invoke(invocation: Invocation): Promise<InvocationResult | 'timed-out'>
  /** Answers the invocation under way, and those to come, since the process is gone. */
  fail(how: string): void
  stop(): Promise<void>
}

export interface RuntimeLimits {
  readonly functionArn: string
  readonly timeoutMs: number
  /** How long the process may take until it asks for its first invocation. */
  readonly initMs: number
}

interface Call {
  readonly invocation: Invocation
  readonly settle: (result: InvocationResult | 'timed-out') => void
  timer: NodeJS.Timeout
}

/** What lies between the two ends: at most one of `asking` and `call` waits for the other. */
interface Exchange {
  readonly limits: RuntimeLimits
  /** The process's unanswered GET of its next invocation. */
  asking?: ServerResponse | undefined
  call?: Call | undefined
  /** The process said that it cannot start. */
  initError?: InvocationResult
  gone?: string
}

/** Lambda's limit for the answer to a synchronous invocation. */
const answerLimitBytes = 6 * 1024 * 1024

/** Listens for one process, as "Using the Lambda runtime API for custom runtimes" in AWS's developer guide describes. */
export async function startRuntimeApi(limits: RuntimeLimits): Promise<RuntimeApi> {
  const exchange: Exchange = { limits }
  const server = await listenOnLoopback((request, response) => void serve(exchange, request, response))
  return {
    address: `127.0.0.1:${server.port}`,
    invoke: (invocation) => invoke(exchange, invocation),
    fail(how) {
      exchange.gone = how
      const { call } = exchange
      if (call !== undefined) finish(exchange, exchange.initError ?? exitError(call.invocation, how))
    },
    stop: server.stop,
  }
}

const invoke = async (exchange: Exchange, invocation: Invocation): Promise<InvocationResult | 'timed-out'> => {
  if (exchange.gone !== undefined) return exchange.initError ?? exitError(invocation, exchange.gone)
  return await new Promise((settle) => {
    const timer = setTimeout(() => finish(exchange, 'timed-out'), exchange.limits.initMs)
    exchange.call = { invocation, settle, timer }
    deliver(exchange)
  })
}

const deliver = (exchange: Exchange): void => {
  const { asking, call, limits } = exchange
  if (asking === undefined || call === undefined) return
  exchange.asking = undefined
  clearTimeout(call.timer)
  call.timer = setTimeout(() => finish(exchange, 'timed-out'), limits.timeoutMs)
  asking.writeHead(200, {
    'content-type': 'application/json',
    'lambda-runtime-aws-request-id': call.invocation.requestId,
    'lambda-runtime-deadline-ms': Date.now() + limits.timeoutMs,
    'lambda-runtime-invoked-function-arn': [limits.functionArn, call.invocation.qualifier].filter(Boolean).join(':'),
  })
  asking.end(call.invocation.payload)
}

const finish = (exchange: Exchange, result: InvocationResult | 'timed-out'): void => {
  const { call } = exchange
  exchange.call = undefined
  clearTimeout(call?.timer)
  call?.settle(result)
}

const root = '/2018-06-01/runtime'

const serve = async (exchange: Exchange, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const path = request.url ?? ''
  if (path === `${root}/invocation/next`) {
    exchange.asking = response
    deliver(exchange)
    return
  }
  const body = await readBody(request, answerLimitBytes).catch(() => undefined)
  if (path === `${root}/init/error`) {
    exchange.initError = failure(body?.toString() ?? '{}')
    accept(response)
    return
  }
  const id = exchange.call?.invocation.requestId
  if (path === `${root}/invocation/${id}/response`) {
    accept(response)
    finish(exchange, body === undefined ? tooLarge : { payload: body.toString() })
    return
  }
  if (path === `${root}/invocation/${id}/error`) {
    accept(response)
    finish(exchange, failure(body?.toString() ?? '{}'))
    return
  }
  answerJson(response, { status: 400, body: { errorType: 'InvalidRequestID', errorMessage: 'no such invocation' } })
}

const accept = (response: ServerResponse): void => answerJson(response, { status: 202, body: { status: 'OK' } })

const failure = (payload: string): InvocationResult => ({ payload, functionError: 'Unhandled' })

/** An error of the environment itself, as Lambda words it. */
export const failedResult = (errorType: string, errorMessage: string): InvocationResult =>
  failure(JSON.stringify({ errorType, errorMessage }))

const tooLarge = failedResult(
  'Function.ResponseSizeTooLarge',
  `Response payload size exceeded maximum allowed payload size (${answerLimitBytes} bytes).`,
)

const exitError = ({ requestId }: Invocation, how: string): InvocationResult =>
  failedResult('Runtime.ExitError', `RequestId: ${requestId} Error: Runtime exited with error: ${how}`)

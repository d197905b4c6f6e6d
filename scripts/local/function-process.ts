/**
 * The entry of a function's process: what Lambda's runtime interface client does, over the Runtime API.
 *
 * Imports the artefact, then asks for one invocation after the other and posts what its handler answers.
 * See "Using the Lambda runtime API for custom runtimes" in the AWS Lambda developer guide.
 */
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

type Handler = (event: unknown, context: unknown) => unknown

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
let currentRequest: string | undefined

// has done its work, and a Lambda has none
delete process.env.NODE_COMPILE_CACHE
// the host holds the other end: when it is killed, so is this process
process.stdin.once('close', () => process.kill(process.pid, 'SIGKILL')).resume()
process.on('uncaughtException', (error) => void exitWith(error, 'Runtime.UncaughtException', 129))
process.on('unhandledRejection', (reason) => void exitWith(reason, 'Runtime.UnhandledPromiseRejection', 128))

const handler = await loadHandler()
for (;;) await serveOne(handler)

async function loadHandler(): Promise<Handler> {
  try {
    const loaded = await import(pathToFileURL(join(process.env.LAMBDA_TASK_ROOT ?? '', 'index.mjs')).href)
    if (typeof loaded.handler !== 'function') throw new Error('index.handler is undefined or not exported')
    flushCompileCache()
    return loaded.handler
  } catch (thrown) {
    console.error(thrown)
    await post('init/error', describe(thrown))
    process.exit(1)
  }
}

async function serveOne(handle: Handler): Promise<void> {
  const next = await call('GET', 'invocation/next')
  const requestId = String(next.headers['lambda-runtime-aws-request-id'])
  currentRequest = requestId
  process.env._X_AMZN_TRACE_ID = String(next.headers['lambda-runtime-trace-id'] ?? '')
  try {
    const answer = await handle(JSON.parse(next.body), contextOf(requestId, next.headers))
    await post(`invocation/${requestId}/response`, answer === undefined ? null : answer)
  } catch (thrown) {
    console.error(requestId, 'ERROR', thrown)
    await post(`invocation/${requestId}/error`, describe(thrown))
  }
  currentRequest = undefined
}

function contextOf(requestId: string, headers: IncomingHttpHeaders) {
  const deadline = Number(headers['lambda-runtime-deadline-ms'])
  return {
    awsRequestId: requestId,
    invokedFunctionArn: String(headers['lambda-runtime-invoked-function-arn']),
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  }
}

async function exitWith(thrown: unknown, errorType: string, code: number): Promise<void> {
  console.error(errorType, thrown)
  const report = { ...describe(thrown), errorType }
  if (currentRequest !== undefined) await post(`invocation/${currentRequest}/error`, report).catch(() => undefined)
  process.exit(code)
}

function describe(thrown: unknown) {
  if (!(thrown instanceof Error)) return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] }
  return { errorType: thrown.name, errorMessage: thrown.message, trace: (thrown.stack ?? '').split('\n') }
}

function post(path: string, body: unknown) {
  return call('POST', path, JSON.stringify(body))
}

function call(method: string, path: string, body = ''): Promise<{ headers: IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${api}/${path}`, { method, agent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }))
      response.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

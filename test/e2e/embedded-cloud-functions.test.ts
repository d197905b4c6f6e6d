import { readFile } from 'node:fs/promises'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startLambdaApi } from '../../scripts/local/lambda-api.ts'
import { clientFor } from '../../scripts/local/names.ts'
import { identifyProcess } from '../../scripts/local/process-identity.ts'
import { eventually } from '../support/eventually.ts'
import { type LocalFunctions, startLocalFunctions } from '../support/local-parts.ts'

const sources = {
  echo: `export const handler = async (event, context) => ({
    event, context: { ...context, left: context.getRemainingTimeInMillis() }, env: { ...process.env }, pid: process.pid })`,
  slow: `export const handler = ({ ms }) => new Promise((resolve) => setTimeout(() => resolve(process.pid), ms))`,
  stuck: 'export const handler = () => { for (;;); }',
  thrower: `export const handler = async () => { throw new TypeError('the reason') }`,
  exiting: 'export const handler = async () => { process.exit(3) }',
  loose: `export const handler = () => new Promise(() => { setTimeout(() => { throw new Error('nobody caught me') }, 1) })`,
  broken: `throw new Error('cannot be loaded')`,
  empty: 'export const handler = async () => undefined',
  large: `export const handler = async () => 'x'.repeat(7 * 1024 * 1024)`,
  hungry:
    'export const handler = async () => { const held = []; while (held.length < 60) held.push(new Array(1e6).fill({})); return held.length }',
  counting: `let calls = 0\nexport const handler = async () => { console.log('call', calls + 1); return [process.pid, ++calls] }`,
}

let functions: LocalFunctions
let lambda: LambdaClient
let stopApi: () => Promise<void>

beforeAll(async () => {
  functions = await startLocalFunctions(sources, { timeoutMs: 20_000, concurrency: 3 })
  const api = await startLambdaApi(functions.host)
  stopApi = api.stop
  lambda = new LambdaClient(clientFor(api.endpoint))
})
afterAll(async () => {
  lambda.destroy()
  await stopApi()
  await functions[Symbol.asyncDispose]()
})

const invoke = async (name: string, payload: unknown = {}, more = {}) => {
  const answer = await lambda.send(
    new InvokeCommand({ FunctionName: `lockstep-${name}`, Payload: JSON.stringify(payload), ...more }),
  )
  const text = answer.Payload?.transformToString()
  return { ...answer, payload: text ? JSON.parse(text) : undefined }
}

test('given a function, when it is invoked, then it gets its event and a Lambda context', async () => {
  const { payload, StatusCode, ExecutedVersion, FunctionError } = await invoke('echo', { ünicode: '☃' })
  expect({ StatusCode, ExecutedVersion, FunctionError }).toEqual({ StatusCode: 200, ExecutedVersion: '$LATEST' })
  expect(payload.event).toEqual({ ünicode: '☃' })
  expect(payload.context).toMatchObject({
    functionName: 'lockstep-echo',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:lockstep-echo',
    memoryLimitInMB: '128',
    awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
  expect(payload.context.left).toBeGreaterThan(15_000)
  expect(payload.context.left).toBeLessThanOrEqual(20_000)
})

test("given the caller's environment, when a function runs, then it sees a Lambda's and its own, and nothing of the caller's", async () => {
  process.env.LOCKSTEP_TEST_SECRET = 'leaked'
  const { env } = (await invoke('echo')).payload
  expect(env).toMatchObject({
    AWS_REGION: 'us-east-1',
    AWS_LAMBDA_FUNCTION_NAME: 'lockstep-echo',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
    _HANDLER: 'index.handler',
    GREETING: 'hello',
  })
  expect(env).not.toHaveProperty('LOCKSTEP_TEST_SECRET')
  expect(env).not.toHaveProperty('NODE_COMPILE_CACHE')
  expect(env).not.toHaveProperty('VITEST')
})

test('given a warm process, when its function is invoked again, then the same process runs it', async () => {
  const first = (await invoke('counting')).payload
  const second = (await invoke('counting')).payload
  expect(second).toEqual([first[0], first[1] + 1])
})

test('given busy processes, when more is invoked, then more processes run it, up to the bound, and the rest waits', async () => {
  const answers = await Promise.all(Array.from({ length: 7 }, () => invoke('slow', { ms: 200 })))
  expect(new Set(answers.map(({ payload }) => payload)).size).toBe(3)
})

test('given a handler that throws, when it is invoked, then the error is told and the process goes on', async () => {
  const { FunctionError, payload } = await invoke('thrower')
  expect(FunctionError).toBe('Unhandled')
  expect(payload).toMatchObject({ errorType: 'TypeError', errorMessage: 'the reason', trace: expect.any(Array) })
  const processes = () => functions.host.processes().filter(({ name }) => name === 'lockstep-thrower')
  const [before] = processes()
  await invoke('thrower')
  expect(processes().map(({ pid }) => pid)).toEqual([before?.pid])
})

test.each([
  ['exits', 'exiting', 'Runtime.ExitError', /exit status 3/],
  ['throws outside its promise', 'loose', 'Error|Runtime.UncaughtException', /nobody caught me/],
  ['can not be loaded', 'broken', 'Error', /cannot be loaded/],
  ['needs more memory than it has', 'hungry', 'Runtime.ExitError', /signal: |exit status/],
  ['answers more than 6 MB', 'large', 'Function.ResponseSizeTooLarge', /maximum allowed/],
])('given a function that %s, when it is invoked, then the caller is told', async (_name, name, type, message) => {
  const { FunctionError, payload } = await invoke(name)
  expect(FunctionError).toBe('Unhandled')
  expect(payload.errorType).toMatch(new RegExp(`^(${type})$`))
  expect(payload.errorMessage).toMatch(message)
})

test('given a function whose process ended, when it is invoked again, then a new process runs it', async () => {
  const first = await invoke('exiting')
  const second = await invoke('exiting')
  expect([first.FunctionError, second.FunctionError]).toEqual(['Unhandled', 'Unhandled'])
  expect(second.payload.errorMessage).not.toBe(first.payload.errorMessage)
})

test('given a running invocation, when its process is killed, then its caller is told at once', async () => {
  const running = invoke('slow', { ms: 15_000 })
  let pid = 0
  await eventually(() => {
    const busy = functions.host.processes().find(({ name, busy }) => name === 'lockstep-slow' && busy)
    pid = busy?.pid ?? 0
    return pid > 0 && identifyProcess(pid) !== undefined
  })
  process.kill(pid, 'SIGKILL')
  const killedAt = performance.now()
  const { payload } = await running
  expect(performance.now() - killedAt).toBeLessThan(10_000)
  expect(payload).toMatchObject({
    errorType: 'Runtime.ExitError',
    errorMessage: expect.stringMatching(/signal: SIGKILL/),
  })
})

test('given a function that never answers, when its time is up, then it is killed and the caller is told', async () => {
  await using short = await startLocalFunctions({ stuck: sources.stuck }, { timeoutMs: 300 })
  const { payload, functionError } = await short.host.invoke('lockstep-stuck', '{}')
  expect(functionError).toBe('Unhandled')
  expect(JSON.parse(payload)).toMatchObject({
    errorType: 'Sandbox.Timedout',
    errorMessage: expect.stringMatching(/Task timed out after 0\.30 seconds/),
  })
  expect(short.started).toHaveLength(1)
  expect(identifyProcess(short.started[0] ?? 0)).toBeUndefined()
})

test('given an idle process, when it was not needed for a while, then it is ended', async () => {
  await using idle = await startLocalFunctions({ echo: sources.echo }, { idleMs: 50 })
  await idle.host.invoke('lockstep-echo', '{}')
  await eventually(() => identifyProcess(idle.started[0] ?? 0) === undefined)
  const again = await idle.host.invoke('lockstep-echo', '{}')
  expect(again.functionError).toBeUndefined()
  expect(idle.started).toHaveLength(2)
})

test('given a host that stops, when invocations run and wait, then all of them end and no process is left', async () => {
  const stopped = await startLocalFunctions({ slow: sources.slow }, { concurrency: 1 })
  const calls = [1, 2, 3].map(() => stopped.host.invoke('lockstep-slow', '{"ms":20000}'))
  await eventually(() => stopped.started.length > 0)
  await stopped.host.stop()
  const ended = await Promise.all(calls)
  expect(ended.map(({ functionError }) => functionError)).toEqual(['Unhandled', 'Unhandled', 'Unhandled'])
  expect(stopped.started.map((pid) => identifyProcess(pid))).toEqual([undefined])
  await stopped[Symbol.asyncDispose]()
})

test('given what a function writes, when it has run, then it is in its log', async () => {
  await invoke('counting')
  await invoke('thrower')
  expect(await readFile(`${functions.dir}/logs/lockstep-counting.log`, 'utf8')).toMatch(/call \d+/)
  expect(await readFile(`${functions.dir}/logs/lockstep-thrower.log`, 'utf8')).toMatch(/ERROR TypeError: the reason/)
})

test('given no such function, when it is invoked, then the SDK gets a ResourceNotFoundException', async () => {
  await expect(invoke('nobody')).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: expect.stringContaining('function:lockstep-nobody'),
  })
})

test.each([
  'arn:aws:lambda:us-east-1:000000000000:function:lockstep-empty',
  '000000000000:function:lockstep-empty',
  'lockstep-empty:live',
])('given the name %s, when it is invoked, then it is found', async (FunctionName) => {
  expect((await invoke('empty', {}, { FunctionName })).payload).toBeNull()
})

test.each([{ Qualifier: 'live' }, { FunctionName: 'lockstep-echo:live' }])(
  'given the qualifier of %j, when a function is invoked, then its handler sees it',
  async (more) => {
    const { context } = (await invoke('echo', {}, more)).payload
    expect(context.invokedFunctionArn).toBe('arn:aws:lambda:us-east-1:000000000000:function:lockstep-echo:live')
  },
)

test('given the invocation types Event and DryRun, when a function is invoked, then it runs behind the answer, or not at all', async () => {
  const log = () => readFile(`${functions.dir}/logs/lockstep-counting.log`, 'utf8')
  const [, calls] = (await invoke('counting')).payload
  expect((await invoke('counting', {}, { InvocationType: 'DryRun' })).StatusCode).toBe(204)
  expect((await invoke('counting', {}, { InvocationType: 'Event' })).StatusCode).toBe(202)
  await eventually(async () => (await log()).includes(`call ${calls + 1}`))
  await eventually(() => !functions.host.processes().some(({ name, busy }) => name === 'lockstep-counting' && busy))
  expect((await invoke('counting')).payload[1]).toBe(calls + 2)
})

test('given a payload that is no JSON or too large, when it is sent, then it is refused', async () => {
  await expect(invoke('echo', {}, { Payload: 'no json' })).rejects.toMatchObject({
    name: 'InvalidRequestContentException',
  })
  const Payload = JSON.stringify('x'.repeat(6 * 1024 * 1024))
  await expect(invoke('echo', {}, { Payload })).rejects.toMatchObject({ name: 'RequestTooLargeException' })
})

test('given a caller that leaves, when its invocation runs, then it runs to its end', async () => {
  const leaving = new AbortController()
  const [, calls] = (await invoke('counting')).payload
  const command = new InvokeCommand({ FunctionName: 'lockstep-slow', Payload: '{"ms":300}' })
  const left = lambda.send(command, { abortSignal: leaving.signal })
  await eventually(() => functions.host.processes().some(({ name, busy }) => name === 'lockstep-slow' && busy))
  leaving.abort()
  await expect(left).rejects.toThrow()
  await eventually(() => !functions.host.processes().some(({ name, busy }) => name === 'lockstep-slow' && busy))
  expect((await invoke('counting')).payload[1]).toBe(calls + 1)
})

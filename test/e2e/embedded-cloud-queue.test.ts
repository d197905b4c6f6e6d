import { readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { expect, test } from 'vitest'
import { clientFor, queueArn } from '../../scripts/local/names.ts'
import { startQueuePoller } from '../../scripts/local/queue-poller.ts'
import { type QueueServer, startQueueServer } from '../../scripts/local/queue-server.ts'
import { eventually } from '../support/eventually.ts'
import { type LocalFunctions, startLocalFunctions } from '../support/local-parts.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Appends each event to a file, then does what the message's body says. */
const apply = `
import { appendFileSync } from 'node:fs'
const note = (what) => appendFileSync(process.env.LAMBDA_TASK_ROOT + '/../calls', JSON.stringify(what) + '\\n')
export const handler = async (event) => {
  const [record] = event.Records
  const order = JSON.parse(record.body)
  note({ event, at: Date.now() })
  if (order.waitMs) await new Promise((resolve) => setTimeout(resolve, order.waitMs))
  note({ done: record.messageId })
  if (order.throw) throw new Error('told to')
  if (order.exit) process.exit(1)
  if ('answer' in order) return order.answer
  const failed = Number(record.attributes.ApproximateReceiveCount) <= (order.failures ?? 0)
  return { batchItemFailures: failed ? [{ itemIdentifier: record.messageId }] : [] }
}`

interface Call {
  readonly event?: { readonly Records: readonly Record<string, never>[] }
  readonly at?: number
  readonly done?: string
}

interface Bench extends AsyncDisposable {
  readonly queues: QueueServer
  readonly sqs: SQSClient
  readonly functions: LocalFunctions
  send(order: unknown): Promise<string>
  calls(): Promise<readonly Call[]>
  starts(): Promise<number>
  stopPoller(): Promise<void>
}

async function startBench({ visibility = 30, receives = 1000, concurrency = 5 } = {}): Promise<Bench> {
  const stack = new AsyncDisposableStack()
  const dir = stack.use(await temporaryFolder()).path
  const queues = await startQueueServer(dir)
  stack.defer(() => queues.stop())
  queues.ensureQueue('dead', {})
  queues.ensureQueue('work', {
    VisibilityTimeout: String(visibility),
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('dead'), maxReceiveCount: receives }),
  })
  const functions = await startLocalFunctions({ apply })
  stack.defer(() => functions[Symbol.asyncDispose]())
  const poller = startQueuePoller({
    queues,
    queueName: 'work',
    host: functions.host,
    functionName: 'lockstep-apply',
    concurrency,
    log: () => undefined,
  })
  stack.defer(() => poller.stop())
  stack.defer(() => functions.host.stop())
  const sqs = new SQSClient(clientFor(queues.endpoint))
  stack.defer(() => sqs.destroy())
  const calls = async (): Promise<readonly Call[]> => {
    const text = await readFile(`${functions.dir}/calls`, 'utf8').catch(() => '')
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  }
  return {
    queues,
    sqs,
    functions,
    calls,
    starts: async () => (await calls()).filter(({ event }) => event !== undefined).length,
    send: async (order) => {
      const command = new SendMessageCommand({ QueueUrl: queues.queueUrl('work'), MessageBody: JSON.stringify(order) })
      return (await sqs.send(command)).MessageId ?? ''
    },
    stopPoller: () => poller.stop(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

test('given a message, when it is polled, then the function gets a genuine SQS event and the message is deleted', async () => {
  await using bench = await startBench()
  const messageId = await bench.send({ n: 1 })
  await eventually(async () => (await bench.starts()) === 1 && bench.queues.peek('work').length === 0)
  const [{ event } = {}] = await bench.calls()
  expect(event?.Records).toEqual([
    {
      messageId,
      receiptHandle: expect.any(String),
      body: '{"n":1}',
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: expect.stringMatching(/^\d{13}$/),
        SenderId: expect.any(String),
        ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
      },
      messageAttributes: {},
      md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:work',
      awsRegion: 'us-east-1',
    },
  ])
  expect(bench.queues.peek('dead')).toEqual([])
})

test.each([
  ['an empty answer', null],
  ['no failures', { batchItemFailures: [] }],
  ['null failures', { batchItemFailures: null }],
])('given a function that answers %s, when it has run, then the message is done', async (_name, answer) => {
  await using bench = await startBench()
  await bench.send({ answer })
  await eventually(async () => (await bench.starts()) === 1 && bench.queues.peek('work').length === 0)
})

test.each([
  ['names the message as failed', { failures: 1 }],
  ['throws', { throw: true }],
  ['ends its process', { exit: true }],
  ['answers failures that nobody can read', { answer: { batchItemFailures: 'all' } }],
  ['names a message that was not in the batch', { answer: { batchItemFailures: [{ itemIdentifier: 'another' }] } }],
])(
  'given a function that %s, when it has run, then the message stays in flight until its visibility ends',
  async (_name, order) => {
    await using bench = await startBench({ visibility: 1 })
    await bench.send(order)
    await eventually(async () => (await bench.starts()) >= 2)
    const second = (await bench.calls()).filter(({ event }) => event !== undefined)[1]
    const attributes: Record<string, string> = second?.event?.Records[0]?.attributes ?? {}
    expect(attributes.ApproximateReceiveCount).toBe('2')
    expect((second?.at ?? 0) - Number(attributes.ApproximateFirstReceiveTimestamp)).toBeGreaterThanOrEqual(1000)
  },
)

test('given a message in flight, when the function changes its visibility, then it comes back at that time', async () => {
  await using bench = await startBench({ visibility: 900 })
  await bench.send({ failures: 1 })
  await eventually(async () => (await bench.calls()).some(({ done }) => done !== undefined))
  const [{ event } = {}] = await bench.calls()
  const ReceiptHandle: string = event?.Records[0]?.receiptHandle ?? ''
  const QueueUrl = bench.queues.queueUrl('work')
  await bench.sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }))
  await eventually(async () => (await bench.starts()) === 2 && bench.queues.peek('work').length === 0)
})

test('given a message that always fails, when it was received as often as allowed, then it is a dead letter', async () => {
  await using bench = await startBench({ visibility: 1, receives: 2 })
  const messageId = await bench.send({ throw: true })
  await eventually(() => bench.queues.peek('dead').length === 1)
  expect(bench.queues.peek('work')).toEqual([])
  expect(bench.queues.peek('dead')).toMatchObject([{ messageId, body: '{"throw":true}' }])
  expect(await bench.starts()).toBe(2)
})

test('given many messages, when they are polled, then so many run at a time as allowed and each runs once', async () => {
  await using bench = await startBench({ concurrency: 2 })
  const sent = await Promise.all(Array.from({ length: 8 }, () => bench.send({ waitMs: 60 })))
  await eventually(() => bench.queues.peek('work').length === 0)
  const calls = await bench.calls()
  expect(calls.flatMap(({ done }) => done ?? []).sort()).toEqual(sent.sort())
  let running = 0
  const concurrency = calls.map(({ event }) => (running += event === undefined ? -1 : 1))
  expect(Math.max(...concurrency)).toBe(2)
})

test('given a message under way, when the poller stops and the function is killed, then it is visible at once', async () => {
  await using bench = await startBench({ visibility: 900 })
  await bench.send({ waitMs: 60_000 })
  await eventually(async () => (await bench.starts()) === 1)
  const stopped = bench.stopPoller()
  await bench.functions.host.stop()
  await stopped
  expect(bench.queues.peek('work')).toMatchObject([{ inFlight: false }])
  expect(await bench.starts()).toBe(1)
})

test('given idle long polls, when the poller stops, then it takes no time and no message gets lost on the way', async () => {
  await using bench = await startBench({ visibility: 900 })
  const before = performance.now()
  await bench.stopPoller()
  expect(performance.now() - before).toBeLessThan(2000)
  await bench.send({})
  expect(bench.queues.peek('work')).toMatchObject([{ inFlight: false, receiveCount: 0 }])
  expect(await bench.starts()).toBe(0)
})

test('given queues with messages, when the server starts again, then all are there, with their receives and visibility', async () => {
  await using folder = await temporaryFolder()
  const before = await startQueueServer(folder.path)
  before.ensureQueue('q', { VisibilityTimeout: '900' })
  const sqs = new SQSClient(clientFor(before.endpoint))
  const QueueUrl = before.queueUrl('q')
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'held' }))
  await sqs.send(new ReceiveMessageCommand({ QueueUrl }))
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'back' }))
  const { Messages: [back] = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }))
  const returned = { QueueUrl, ReceiptHandle: back?.ReceiptHandle, VisibilityTimeout: 0 }
  await sqs.send(new ChangeMessageVisibilityCommand(returned))
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'free' }))
  sqs.destroy()
  await before.stop()
  const after = await startQueueServer(folder.path)
  after.ensureQueue('q', { VisibilityTimeout: '30' })
  expect(after.peek('q')).toMatchObject([
    { body: 'back', inFlight: false, receiveCount: 1 },
    { body: 'free', inFlight: false, receiveCount: 0 },
    { body: 'held', inFlight: true, receiveCount: 1 },
  ])
  const again = new SQSClient(clientFor(after.endpoint))
  const query = { QueueUrl: after.queueUrl('q'), AttributeNames: ['VisibilityTimeout' as const] }
  expect((await again.send(new GetQueueAttributesCommand(query))).Attributes).toEqual({ VisibilityTimeout: '30' })
  again.destroy()
  await after.stop()
})

test('given the queue server, when other interfaces are asked, then it listens on the loopback interface only', async () => {
  await using folder = await temporaryFolder()
  const server = await startQueueServer(folder.path)
  const others = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
  const port = new URL(server.endpoint).port
  expect(new URL(server.endpoint).hostname).toBe('127.0.0.1')
  for (const { address } of others) await expect(fetch(`http://${address}:${port}/health`)).rejects.toThrow()
  await server.stop()
})

import { DeleteMessageCommand, type Message, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sqsQueue } from '../../functions/adapters/sqs-queue.ts'
import type { Queue } from '../../functions/engine/queue.ts'
import { refusalOf } from '../support/refusal.ts'
import { makeQueues, type TestQueues } from '../support/sqs.ts'

let queues: TestQueues
let queue: Queue
const said: string[] = []
const log = { info: (text: string) => void said.push(text), warn: () => {} }

beforeAll(async () => {
  queues = await makeQueues()
  queue = sqsQueue({ ...queues, log })
})
afterAll(() => queues[Symbol.asyncDispose]())

const receive = async (url: string, visibilitySeconds = 60): Promise<Message | undefined> => {
  const command = new ReceiveMessageCommand({
    QueueUrl: url,
    WaitTimeSeconds: 1,
    VisibilityTimeout: visibilitySeconds,
    MessageSystemAttributeNames: ['ApproximateReceiveCount'],
  })
  return (await queues.client.send(command)).Messages?.[0]
}
const send = (body: string) =>
  queues.client.send(new SendMessageCommand({ QueueUrl: queues.queueUrl, MessageBody: body }))
const inFlight = async (body: string, visibilitySeconds?: number) => {
  await send(body)
  const message = await receive(queues.queueUrl, visibilitySeconds)
  return { receipt: message?.ReceiptHandle ?? '', body: message?.Body ?? '' }
}
const remove = (receipt: string) =>
  queues.client.send(new DeleteMessageCommand({ QueueUrl: queues.queueUrl, ReceiptHandle: receipt }))

test('given a message in flight, when its visibility is set to 0, then it is received again and both receives count', async () => {
  const first = await inFlight('at once')
  expect(await receive(queues.queueUrl)).toBeUndefined()
  await queue.setVisibility(first, 0)
  const second = await receive(queues.queueUrl)
  expect(second).toMatchObject({ Body: 'at once', Attributes: { ApproximateReceiveCount: '2' } })
  await remove(second?.ReceiptHandle ?? '')
})

test('given a message that was deleted, when its visibility is set, then that is told and is no fault', async () => {
  const message = await inFlight('deleted')
  await remove(message.receipt)
  said.length = 0
  await queue.setVisibility(message, 5)
  expect(said).toEqual(['message is not in flight any more'])
})

test('given a message, when it is copied to the dead letters, then its body lies there', async () => {
  await queue.copyToDeadLetters({ receipt: '', body: 'given up: ü' })
  expect((await receive(queues.deadLetterUrl))?.Body).toBe('given up: ü')
})

test('given no such queue, when a message is copied, then AWS is unreachable', async () => {
  const nowhere = sqsQueue({ ...queues, deadLetterUrl: `${queues.deadLetterUrl}-none`, log })
  expect((await refusalOf(() => nowhere.copyToDeadLetters({ receipt: '', body: 'x' }))).code).toBe('AWS_UNREACHABLE')
})

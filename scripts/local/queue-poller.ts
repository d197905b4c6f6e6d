import { setTimeout as delay } from 'node:timers/promises'
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import * as z from 'zod'
import type { FunctionHost } from './function-host.ts'
import { clientFor, queueArn, region } from './names.ts'
import type { QueueServer } from './queue-server.ts'

/** Lambda's event source mapping between a queue and a function. */
export interface QueuePoller {
  /**
   * Stops receiving and settles when the invocations under way are over.
   *
   * A message that fails while stopping is visible again at once, so that the next start goes on with it.
   */
  stop(): Promise<void>
}

export interface PollerOptions {
  readonly queues: Pick<QueueServer, 'endpoint' | 'queueUrl' | 'releasePolls'>
  readonly queueName: string
  readonly host: FunctionHost
  readonly functionName: string
  /** Invocations at the same time; Lambda's `MaximumConcurrency`. */
  readonly concurrency: number
  readonly log: (line: string) => void
}

/**
 * Starts polling, with batches of one message and partial batch responses.
 *
 * A message whose invocation succeeds is deleted. One that fails stays in flight until its visibility ends, which the function may
 * have changed; the queue counts its receives and moves it to the dead letters.
 */
export function startQueuePoller(options: PollerOptions): QueuePoller {
  const sqs = new SQSClient(clientFor(options.queues.endpoint))
  const stopping = new AbortController()
  const lane: Lane = {
    ...options,
    sqs,
    queueUrl: options.queues.queueUrl(options.queueName),
    stopping: stopping.signal,
  }
  const lanes = Array.from({ length: options.concurrency }, () => pollUntilStopped(lane))
  return {
    async stop() {
      stopping.abort()
      options.queues.releasePolls()
      // again and again: a poll may have been sent, and not yet be waiting
      const release = setInterval(() => options.queues.releasePolls(), releaseMs)
      await Promise.all(lanes)
      clearInterval(release)
      sqs.destroy()
    },
  }
}

const waitSeconds = 20
const releaseMs = 20
/** Between polls while the queue does not answer. */
const retryMs = 500

interface Lane extends PollerOptions {
  readonly sqs: SQSClient
  readonly queueUrl: string
  readonly stopping: AbortSignal
}

const pollUntilStopped = async (lane: Lane): Promise<void> => {
  while (!lane.stopping.aborted) {
    try {
      const message = await receive(lane)
      if (message !== undefined) await handle(lane, message)
    } catch (thrown) {
      lane.log(`queue ${lane.queueName}: ${String(thrown)}`)
      await delay(retryMs, undefined, { signal: lane.stopping }).catch(() => undefined)
    }
  }
}

const receive = async ({ sqs, queueUrl }: Lane): Promise<Message | undefined> => {
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: 1,
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    }),
  )
  return Messages?.[0]
}

const handle = async (lane: Lane, message: Message): Promise<void> => {
  const { sqs, queueUrl, stopping } = lane
  const receipt = { QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle }
  const done = !stopping.aborted && (await invoke(lane, message))
  if (done) await sqs.send(new DeleteMessageCommand(receipt))
  else if (stopping.aborted) await sqs.send(new ChangeMessageVisibilityCommand({ ...receipt, VisibilityTimeout: 0 }))
}

const invoke = async (lane: Lane, message: Message): Promise<boolean> => {
  const event = { Records: [toRecord(message, lane.queueName)] }
  const { payload, functionError } = await lane.host.invoke(lane.functionName, JSON.stringify(event))
  if (functionError === undefined) return succeeded(payload)
  lane.log(`${lane.functionName}: ${payload.slice(0, 500)}`)
  return false
}

const toRecord = (message: Message, queueName: string) => ({
  messageId: message.MessageId,
  receiptHandle: message.ReceiptHandle,
  body: message.Body,
  attributes: message.Attributes,
  messageAttributes: Object.fromEntries(
    Object.entries(message.MessageAttributes ?? {}).map(([name, attribute]) => [
      name,
      { dataType: attribute.DataType, stringValue: attribute.StringValue },
    ]),
  ),
  md5OfBody: message.MD5OfBody,
  eventSource: 'aws:sqs',
  eventSourceARN: queueArn(queueName),
  awsRegion: region,
})

const batchResponse = z
  .object({ batchItemFailures: z.array(z.unknown()).nullish() })
  .nullish()
  .transform((response) => response?.batchItemFailures ?? [])

/** With batches of one, any named failure is that message's; so is an answer that nobody can read. */
const succeeded = (payload: string): boolean => {
  const response = batchResponse.safeParse(JSON.parse(payload))
  return response.success && response.data.length === 0
}

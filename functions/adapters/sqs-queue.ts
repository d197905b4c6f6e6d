import { ChangeMessageVisibilityCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { LockstepError } from '../domain/errors.ts'
import type { Queue, RunQueue } from '../engine/queue.ts'
import type { Log } from '../engine/system.ts'

interface QueueOptions {
  readonly client: SQSClient
  readonly queueUrl: string
  readonly deadLetterUrl: string
  readonly log: Log
}

/** SQS says this of a message whose visibility ended, or that was deleted meanwhile; it is no fault. */
const notInFlight: ReadonlySet<string> = new Set([
  'MessageNotInflight',
  'InvalidParameterValue',
  'ReceiptHandleIsInvalid',
])

/** The bundle queue on SQS. */
export const sqsQueue = ({ client, queueUrl, deadLetterUrl, log }: QueueOptions): Queue => ({
  async setVisibility(message, seconds) {
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl: queueUrl,
      ReceiptHandle: message.receipt,
      VisibilityTimeout: seconds,
    })
    await client.send(command).catch((error: unknown) => {
      if (!(error instanceof Error && notInFlight.has(error.name))) throw unreachable(error)
      log.info('message is not in flight any more', { seconds })
    })
  },

  async copyToDeadLetters(message) {
    const command = new SendMessageCommand({ QueueUrl: deadLetterUrl, MessageBody: message.body })
    await client.send(command).catch((error: unknown) => {
      throw unreachable(error)
    })
  },
})

/** The same queue, for runs that no upload tells of. */
export const sqsRunQueue = ({ client, queueUrl }: Pick<QueueOptions, 'client' | 'queueUrl'>): RunQueue => ({
  async enqueue(target, run) {
    const command = new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify({ target, run }) })
    await client.send(command).catch((error: unknown) => {
      throw unreachable(error)
    })
  },
})

const unreachable = (cause: unknown): LockstepError =>
  new LockstepError(
    'AWS_UNREACHABLE',
    `the queue did not answer: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  )

import { randomUUID } from 'node:crypto'
import { CreateQueueCommand, DeleteQueueCommand, SQSClient } from '@aws-sdk/client-sqs'
import { accountId, clientFor } from '../../scripts/local/names.ts'
import { startQueueServer } from '../../scripts/local/queue-server.ts'
import { givenSqs } from './emulator.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Two empty queues of one test file, and a client for them; disposing drops all three. */
export interface TestQueues extends AsyncDisposable {
  readonly client: SQSClient
  /** Of the first queue, as S3 and Lambda know it. */
  readonly queueName: string
  readonly queueUrl: string
  readonly deadLetterUrl: string
}

/** Makes queues on the SQS of AWS_ENDPOINT_URL_SQS or AWS_ENDPOINT_URL, or on the embedded cloud's own. */
export async function makeQueues(): Promise<TestQueues> {
  const given = givenSqs()
  if (given !== undefined) return await queuesAt(given)
  const stack = new AsyncDisposableStack()
  const { path } = stack.use(await temporaryFolder())
  const server = await startQueueServer(path)
  stack.defer(() => server.stop())
  const queues = stack.use(await queuesAt(server.endpoint))
  return { ...queues, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** Makes queues of new names. @param attributes of the first one */
export async function queuesAt(
  endpoint: string,
  attributes: Readonly<Record<string, string>> = {},
): Promise<TestQueues> {
  const client = new SQSClient({ ...clientFor(endpoint), maxAttempts: 1 })
  const suffix = randomUUID().slice(0, 8)
  const [queue, deadLetters] = [`test-${suffix}`, `test-${suffix}-dead`]
  await client.send(new CreateQueueCommand({ QueueName: queue, Attributes: attributes }))
  await client.send(new CreateQueueCommand({ QueueName: deadLetters }))
  // the URL that an emulator answers may carry a name that only its own containers resolve
  const urlOf = (name: string): string => `${endpoint}/${accountId}/${name}`
  const drop = async (): Promise<void> => {
    for (const name of [queue, deadLetters])
      await client.send(new DeleteQueueCommand({ QueueUrl: urlOf(name) })).catch(() => {})
    client.destroy()
  }
  return {
    client,
    queueName: queue,
    queueUrl: urlOf(queue),
    deadLetterUrl: urlOf(deadLetters),
    [Symbol.asyncDispose]: drop,
  }
}

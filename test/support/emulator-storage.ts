import { PutBucketNotificationConfigurationCommand, type S3Client } from '@aws-sdk/client-s3'
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import { bundleKeys, bundleQueue, environment } from '../../functions/edge/resources.ts'
import { makeTables, type TestTables } from './dynamodb.ts'
import { bucketAt, type TestBucket } from './s3.ts'
import { queuesAt, type TestQueues } from './sqs.ts'

/** What Lockstep keeps in AWS, under new names on an emulator. */
export interface EmulatorStorage {
  readonly tables: TestTables
  readonly bundles: TestBucket
  readonly records: TestBucket
  readonly queues: TestQueues
  /** Names them to the functions. */
  readonly variables: Readonly<Record<string, string>>
}

/** Makes tables, buckets and queues, and has the emulator's S3 notify the emulator's SQS; `made` drops them. */
export async function makeEmulatorStorage(endpoint: string, made: AsyncDisposableStack): Promise<EmulatorStorage> {
  const tables = made.use(await makeTables(endpoint))
  const bundles = made.use(await bucketAt(endpoint, 'bundles'))
  const records = made.use(await bucketAt(endpoint, 'records'))
  const queues = made.use(await queuesAt(endpoint, { VisibilityTimeout: String(bundleQueue.visibilitySeconds) }))
  await notify(bundles.client, bundles.name, await arnOf(queues))
  const variables = {
    [environment.controlTable]: tables.controlTable,
    [environment.auditTable]: tables.auditTable,
    [environment.bundleBucket]: bundles.name,
    [environment.recordsBucket]: records.name,
    [environment.queueUrl]: queues.queueUrl,
    [environment.deadLetterUrl]: queues.deadLetterUrl,
  }
  return { tables, bundles, records, queues, variables }
}

const arnOf = async ({ client, queueUrl }: TestQueues): Promise<string> => {
  const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] })
  return (await client.send(command)).Attributes?.QueueArn ?? ''
}

const notify = async (client: S3Client, Bucket: string, QueueArn: string): Promise<void> => {
  const FilterRules = [
    { Name: 'prefix' as const, Value: bundleKeys.prefix },
    { Name: 'suffix' as const, Value: bundleKeys.suffix },
  ]
  const QueueConfigurations = [{ QueueArn, Events: ['s3:ObjectCreated:*' as const], Filter: { Key: { FilterRules } } }]
  const NotificationConfiguration = { QueueConfigurations }
  await client.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }))
}

import { join } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { bundleQueue } from '../../functions/edge/resources.ts'
import type { CloudPlan } from './cloud-plan.ts'
import type { CloudServers } from './cloud-servers.ts'
import { createTables } from './create-tables.ts'
import {
  auditFailureName,
  auditTableName,
  bundleBucket,
  bundleQueueName,
  clientFor,
  controlTableName,
  deadLetterName,
  queueArn,
  recordsBucket,
} from './names.ts'
import { type ObjectStore, openObjectStore } from './object-store.ts'
import { repointTargets } from './repoint-targets.ts'

/** Tables, queues and buckets, ready to be used. */
export interface CloudStorage {
  readonly dynamodb: DynamoDBClient
  readonly objects: ObjectStore
  /** True when the bundle bucket was made just now. */
  readonly isNew: boolean
}

/** Makes what is not there yet; idempotent. */
export async function prepareStorage(
  plan: CloudPlan,
  servers: CloudServers,
  started: AsyncDisposableStack,
): Promise<CloudStorage> {
  const dynamodb = new DynamoDBClient(clientFor(servers.dynamodb.url))
  started.defer(() => dynamodb.destroy())
  await createTables(dynamodb, { controlTable: controlTableName, auditTable: auditTableName })
  await repointTargets(dynamodb, controlTableName, servers.database.url)
  ensureQueues(plan, servers)
  const objects = await openObjectStore(join(plan.stateDir, 'objects'), { fsync: plan.fsync })
  started.defer(() => objects.close())
  await objects.createBucket(recordsBucket)
  return { dynamodb, objects, isNew: await objects.createBucket(bundleBucket) }
}

const ensureQueues = ({ queue }: CloudPlan, { queues }: CloudServers): void => {
  const kept = { MessageRetentionPeriod: seconds(bundleQueue.deadLetterRetentionDays) }
  queues.ensureQueue(deadLetterName, kept)
  queues.ensureQueue(auditFailureName, kept)
  queues.ensureQueue(bundleQueueName, {
    VisibilityTimeout: String(queue.visibilitySeconds),
    MessageRetentionPeriod: seconds(bundleQueue.retentionDays),
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: queueArn(deadLetterName),
      maxReceiveCount: queue.maxReceiveCount,
    }),
  })
}

const seconds = (days: number): string => String(days * 24 * 60 * 60)

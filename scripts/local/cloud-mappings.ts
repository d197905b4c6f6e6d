import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { CloudDoors } from './cloud-doors.ts'
import type { CloudPlan } from './cloud-plan.ts'
import type { CloudServers } from './cloud-servers.ts'
import { auditFailureName, auditTableName, bundleQueueName, clientFor, lambdaName } from './names.ts'
import { startQueuePoller } from './queue-poller.ts'
import { type PumpStatus, startStreamPump } from './stream-pump.ts'

/** Lambda's two event source mappings: queue → apply, stream → audit. */
export interface CloudMappings {
  auditStream(): PumpStatus
  /** Switches stream → audit off, or on again. */
  switchAudit(to: 'off' | 'on'): void
}

/** Starts both; `started` stops them together with the functions that they invoke. */
export async function startMappings(
  plan: CloudPlan,
  { servers, doors }: { readonly servers: CloudServers; readonly doors: CloudDoors },
  started: AsyncDisposableStack,
): Promise<CloudMappings> {
  const { host } = doors
  const pump = await startStreamPump({
    endpoint: servers.dynamodb.url,
    tableName: auditTableName,
    host,
    functionName: lambdaName('audit'),
    positionFile: join(plan.stateDir, 'stream-position.json'),
    log: plan.log,
    giveUp: { attempts: plan.auditAttempts, setAside: (position) => setAside(servers.queues, position) },
  })
  const poller = startQueuePoller({
    queues: servers.queues,
    queueName: bundleQueueName,
    host,
    functionName: lambdaName('apply'),
    concurrency: plan.concurrency,
    log: plan.log,
  })
  started.defer(async () => {
    const drained = Promise.all([poller.stop(), pump.stop()])
    await Promise.race([drained, delay(drainMs, undefined, { ref: false })])
    await host.stop()
    await drained
  })
  return {
    auditStream: () => pump.status(),
    switchAudit: (to) => (to === 'off' ? pump.pause() : pump.resume()),
  }
}

/** As Lambda's on-failure destination: the message names the position, and the event stays where it is. */
const setAside = async (queues: CloudServers['queues'], sequenceNumber: string): Promise<void> => {
  const sqs = new SQSClient(clientFor(queues.endpoint))
  const body = JSON.stringify({ DDBStreamBatchInfo: { startSequenceNumber: sequenceNumber, batchSize: 1 } })
  await sqs.send(new SendMessageCommand({ QueueUrl: queues.queueUrl(auditFailureName), MessageBody: body }))
  sqs.destroy()
}

/** How long invocations may go on while the cloud stops, before their processes are killed. */
const drainMs = 2000

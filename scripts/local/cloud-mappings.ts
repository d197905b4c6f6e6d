import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { CloudDoors } from './cloud-doors.ts'
import type { CloudPlan } from './cloud-plan.ts'
import type { CloudServers } from './cloud-servers.ts'
import { auditTableName, bundleQueueName, lambdaName } from './names.ts'
import { startQueuePoller } from './queue-poller.ts'
import { type PumpStatus, startStreamPump } from './stream-pump.ts'

/** Lambda's two event source mappings: queue → apply, stream → audit. */
export interface CloudMappings {
  auditStream(): PumpStatus
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
  return { auditStream: () => pump.status() }
}

/** How long invocations may go on while the cloud stops, before their processes are killed. */
const drainMs = 2000

import type { TargetName } from '../../functions/domain/types.ts'
import { forwardBundleUploads } from './bundle-uploads.ts'
import { cacheDir } from './cache-dir.ts'
import { cloudVariables, type Endpoints, hostedFunctions, type VariablesOf } from './cloud-layout.ts'
import type { CloudPlan } from './cloud-plan.ts'
import type { CloudServers } from './cloud-servers.ts'
import type { CloudStorage } from './cloud-storage.ts'
import { type EventBus, startEventBus } from './event-bus.ts'
import { type FunctionHost, openFunctionHost } from './function-host.ts'
import { startLambdaApi } from './lambda-api.ts'
import type { LoopbackServer } from './loopback.ts'
import { bundleQueueName, controlTableName, deadLetterName } from './names.ts'
import type { ProcessJournal } from './process-journal.ts'
import { type ConnectionOverrides, provisionTarget } from './provision-target.ts'
import { startS3Front } from './s3-front.ts'

/** The endpoints that callers and functions use, and the functions behind them. */
export interface CloudDoors {
  readonly endpoints: Endpoints
  /** For callers and functions alike. */
  readonly variables: Readonly<Record<string, string>>
  readonly host: FunctionHost
  readonly bus: EventBus
  /** Makes a target; once for several callers at the same time. */
  ensureTarget(target: TargetName): Promise<void>
}

export interface DoorsFoundation {
  readonly servers: CloudServers
  readonly storage: CloudStorage
  readonly journal: ProcessJournal
}

/** @throws LockstepError LOCAL_START_FAILED when a function was not built */
export async function openDoors(
  plan: CloudPlan,
  foundation: DoorsFoundation,
  started: AsyncDisposableStack,
): Promise<CloudDoors> {
  const { queues, dynamodb } = foundation.servers
  const connection = await plan.frontPostgres(foundation.servers.database.url)
  const ensureTarget = targetMaker({ ...plan, connection }, foundation)
  const s3 = await openStorageDoor(plan, { ...foundation, ensureTarget }, started)
  const bus = await startEventBus(plan.stateDir)
  started.defer(() => bus.stop())
  // the functions' variables name the endpoint, so it listens before there are functions
  const lambda = await startLambdaApi({
    has: (name) => host.has(name),
    invoke: (name, payload, qualifier) => host.invoke(name, payload, qualifier),
  })
  started.defer(() => lambda.stop())
  const endpoints = {
    s3: s3.endpoint,
    sqs: queues.endpoint,
    dynamodb: dynamodb.url,
    lambda: lambda.endpoint,
    eventbridge: bus.endpoint,
  }
  const variables = cloudVariables(endpoints, {
    queueUrl: queues.queueUrl(bundleQueueName),
    deadLetterUrl: queues.queueUrl(deadLetterName),
  })
  const host = openHost(plan, foundation.journal, await plan.variablesInside(variables))
  started.defer(() => host.stop())
  return { endpoints, variables, host, bus, ensureTarget }
}

type EnsureTarget = CloudDoors['ensureTarget']

/** S3, and the bundle queue behind it. */
const openStorageDoor = async (
  plan: CloudPlan,
  { servers, storage, ensureTarget }: DoorsFoundation & { readonly ensureTarget: EnsureTarget },
  started: AsyncDisposableStack,
): Promise<LoopbackServer> => {
  const uploads = forwardBundleUploads({
    queueEndpoint: servers.queues.endpoint,
    queueUrl: servers.queues.queueUrl(bundleQueueName),
    log: plan.log,
    ...(!plan.strict && { ensureTarget }),
  })
  started.defer(() => uploads.stop())
  if (storage.isNew) await uploads.sendTestEvent()
  const s3 = await startS3Front({ store: storage.objects, onPut: uploads.onPut, log: plan.log })
  started.defer(() => s3.stop())
  return s3
}

const openHost = (plan: CloudPlan, journal: ProcessJournal, variablesOf: VariablesOf): FunctionHost =>
  openFunctionHost(hostedFunctions(plan.artefacts, plan.functionTimeouts, variablesOf), {
    logDir: plan.logDir,
    cacheDir,
    concurrency: functionConcurrency,
    idleMs,
    onProcess: (name, pid) => journal.note(name, pid, 'SIGKILL'),
  })

/** Processes of one function at the same time. */
const functionConcurrency = 10
const idleMs = 120_000

/** Makes each target once; callers that come meanwhile wait for it, and after a failure the next one tries again. */
const targetMaker = (
  { settings, connection }: CloudPlan & { readonly connection: ConnectionOverrides },
  { servers, storage }: DoorsFoundation,
): EnsureTarget => {
  const made = new Map<TargetName, Promise<void>>()
  const options = {
    databaseUrl: servers.database.url,
    dynamodb: storage.dynamodb,
    controlTable: controlTableName,
    settings,
    connection,
  }
  return (target) => {
    const known = made.get(target)
    if (known !== undefined) return known
    const making = provisionTarget(target, options).catch((thrown: unknown) => {
      made.delete(target)
      throw thrown
    })
    made.set(target, making)
    return making
  }
}

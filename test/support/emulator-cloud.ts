import { join } from 'node:path'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { escapeIdentifier } from 'pg'
import type { TargetName } from '../../functions/domain/types.ts'
import { cacheDir } from '../../scripts/local/cache-dir.ts'
import type { EmbeddedCloud } from '../../scripts/local/cloud.ts'
import { callerVariables, cloudVariables, hostedFunctions } from '../../scripts/local/cloud-layout.ts'
import { planCloud } from '../../scripts/local/cloud-plan.ts'
import { startEventBus } from '../../scripts/local/event-bus.ts'
import { type FunctionHost, openFunctionHost } from '../../scripts/local/function-host.ts'
import { startLambdaApi } from '../../scripts/local/lambda-api.ts'
import { lambdaName } from '../../scripts/local/names.ts'
import { provisionTarget } from '../../scripts/local/provision-target.ts'
import { startQueuePoller } from '../../scripts/local/queue-poller.ts'
import type { QueueServer } from '../../scripts/local/queue-server.ts'
import { startStreamPump } from '../../scripts/local/stream-pump.ts'
import { databaseUrl, namesOf } from '../../scripts/local/target-names.ts'
import type { Emulator } from './emulator.ts'
import { type EmulatorStorage, makeEmulatorStorage } from './emulator-storage.ts'
import { asSuperuser } from './postgres.ts'
import type { TestQueues } from './sqs.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A cloud whose S3, SQS and DynamoDB are an emulator's; functions, their event sources and the event bus are ours. */
export type EmulatorCloud = Pick<EmbeddedCloud, 'environment' | 'databaseUrl' | 'events' | 'ensureTarget' | 'stop'>

/** Starts the functions beside an emulator, on tables, buckets and queues of their own. */
export async function startEmulatorCloud(emulator: Emulator): Promise<EmulatorCloud> {
  await using started = new AsyncDisposableStack()
  const stateDir = started.use(await temporaryFolder()).path
  const storage = await makeEmulatorStorage(emulator.endpoint, started)
  const bus = await startEventBus(stateDir)
  started.defer(() => bus.stop())
  const lambda = await startLambdaApi({
    has: (name) => host.has(name),
    invoke: (name, payload, qualifier) => host.invoke(name, payload, qualifier),
  })
  started.defer(() => lambda.stop())
  const { endpoint } = emulator
  const endpoints = { s3: endpoint, sqs: endpoint, dynamodb: endpoint }
  const named = { ...endpoints, lambda: lambda.endpoint, eventbridge: bus.endpoint }
  const variables = { ...cloudVariables(named, storage.queues), ...storage.variables }
  const host = openHost(stateDir, variables)
  started.defer(() => host.stop())
  await startMappings({ endpoint, stateDir, storage, host }, started)
  const ensureTarget = targetMaker(emulator, storage, started)
  const all = started.move()
  return {
    environment: () => callerVariables(variables),
    databaseUrl: (target) => databaseUrl(emulator.databaseUrl, target),
    events: () => bus.events(),
    ensureTarget,
    stop: () => all.disposeAsync(),
  }
}

const openHost = (stateDir: string, variables: Readonly<Record<string, string>>): FunctionHost =>
  openFunctionHost(
    hostedFunctions(planCloud({ stateDir }).artefacts, {}, () => variables),
    {
      logDir: join(stateDir, 'logs'),
      cacheDir,
      concurrency: 10,
      idleMs: 120_000,
      onProcess: () => undefined,
    },
  )

interface Parts {
  readonly endpoint: string
  readonly stateDir: string
  readonly storage: EmulatorStorage
  readonly host: FunctionHost
}

/** Lambda's event source mappings, as in the embedded cloud: queue → apply, stream → audit. */
const startMappings = async (
  { endpoint, stateDir, storage, host }: Parts,
  started: AsyncDisposableStack,
): Promise<void> => {
  const log = (line: string): void => void process.stderr.write(`${line}\n`)
  const pump = await startStreamPump({
    endpoint,
    tableName: storage.tables.auditTable,
    host,
    functionName: lambdaName('audit'),
    positionFile: join(stateDir, 'stream-position.json'),
    log,
  })
  started.defer(() => pump.stop())
  const poller = startQueuePoller({
    queues: foreignQueues(endpoint, storage.queues),
    queueName: storage.queues.queueName,
    host,
    functionName: lambdaName('apply'),
    concurrency: 5,
    log,
  })
  started.defer(() => poller.stop())
}

/** A poller that stops puts a message back at once, so one message releases all polls, one after the other. */
const foreignQueues = (
  endpoint: string,
  { client, queueUrl }: TestQueues,
): Pick<QueueServer, 'endpoint' | 'queueUrl' | 'releasePolls'> => ({
  endpoint,
  queueUrl: () => queueUrl,
  releasePolls: () => {
    client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'stop' })).catch(() => undefined)
  },
})

/** Makes targets before their first upload, since nobody stands between the emulator's S3 and its SQS; `started` drops them. */
const targetMaker = (emulator: Emulator, { tables }: EmulatorStorage, started: AsyncDisposableStack) => {
  const made = new Map<TargetName, Promise<void>>()
  started.defer(async () => {
    for (const target of made.keys()) await dropTarget(target)
  })
  const options = {
    databaseUrl: emulator.databaseUrl,
    dynamodb: tables.client,
    controlTable: tables.controlTable,
    settings: {},
  }
  return (target: TargetName): Promise<void> => {
    const making = made.get(target) ?? provisionTarget(target, options)
    made.set(target, making)
    return making
  }
}

const dropTarget = (target: TargetName): Promise<void> =>
  asSuperuser(async (client) => {
    const { database, applicationRole, loginRole, ownerRole } = namesOf(target)
    await client.query(`drop database if exists ${escapeIdentifier(database)} with (force)`)
    for (const role of [loginRole, applicationRole, ownerRole]) {
      await client.query(`drop role if exists ${escapeIdentifier(role)}`)
    }
  })

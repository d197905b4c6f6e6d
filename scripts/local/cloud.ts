import { mkdirSync } from 'node:fs'
import type { TargetName } from '../../functions/domain/types.ts'
import type { FunctionName } from '../../functions/edge/resources.ts'
import { openDoors } from './cloud-doors.ts'
import { callerVariables, type Endpoints } from './cloud-layout.ts'
import { startMappings } from './cloud-mappings.ts'
import { type CloudOptions, planCloud } from './cloud-plan.ts'
import { type ServerProcess, startServers } from './cloud-servers.ts'
import { prepareStorage } from './cloud-storage.ts'
import type { BusEvent } from './event-bus.ts'
import type { FunctionCounts, FunctionProcess } from './function-host.ts'
import { auditFailureName, bundleQueueName, deadLetterName, lambdaName } from './names.ts'
import { openJournal } from './process-journal.ts'
import type { QueuedMessage } from './queue-server.ts'
import type { PumpStatus } from './stream-pump.ts'
import { databaseUrl } from './target-names.ts'

/** A running embedded cloud: S3, SQS, DynamoDB, Lambda and EventBridge on loopback, with PostgreSQL beside them. */
export interface EmbeddedCloud {
  readonly endpoints: Endpoints
  /** The superuser's URL of the PostgreSQL server. */
  readonly serverUrl: string
  /** The servers that are processes of their own. */
  readonly servers: readonly ServerProcess[]
  /** What the command line, a test or an AWS SDK needs to use this cloud. */
  environment(): Readonly<Record<string, string>>
  /** The superuser's URL of a target's database. */
  databaseUrl(target: TargetName): string
  /** Makes a target, as its first upload does. */
  ensureTarget(target: TargetName): Promise<void>
  functionProcesses(): readonly FunctionProcess[]
  /** Messages of the bundle queue, in flight or not. */
  queuedMessages(): readonly QueuedMessage[]
  deadLetters(): readonly QueuedMessage[]
  /** Positions of audit events that were given up. */
  auditFailures(): readonly QueuedMessage[]
  /** Makes what waits in the bundle queue older, as if it had been sent before. */
  ageQueue(ms: number): void
  /** Lets nobody start a function, or everybody again. */
  setConcurrency(name: FunctionName, allowed: 'none' | 'any'): void
  functionCounts(): FunctionCounts
  /** Switches the copying of audit events off, or on again. */
  switchAudit(to: 'off' | 'on'): void
  /** Holds what the functions write, one file each: `lockstep-<name>.log`. */
  readonly logDir: string
  /** What was put on the event bus. */
  events(): Promise<readonly BusEvent[]>
  auditStream(): PumpStatus
  /** Ends everything in the reverse order of its start, within about 15 s at worst; idempotent. */
  stop(): Promise<void>
}

/**
 * Starts an embedded cloud; everything listens on free ports of 127.0.0.1.
 *
 * Tables, streams, queues, objects and databases lie in the state folder, so the next start goes on where this one ends. When
 * something fails, what was started before it is ended.
 *
 * @throws LockstepError LOCAL_UNSUPPORTED, LOCAL_START_FAILED
 */
export async function startCloud(options: CloudOptions): Promise<EmbeddedCloud> {
  const plan = planCloud(options)
  mkdirSync(plan.logDir, { recursive: true })
  const journal = openJournal(plan.stateDir)
  await using started = new AsyncDisposableStack()
  plan.onProgress('starting PostgreSQL, DynamoDB and SQS')
  const servers = await startServers({ ...plan, journal }, started)
  plan.onProgress('creating tables, queues and buckets')
  const storage = await prepareStorage(plan, servers, started)
  plan.onProgress('opening the endpoints')
  const doors = await openDoors(plan, { servers, storage, journal }, started)
  const mappings = await startMappings(plan, { servers, doors }, started)
  if (plan.warm) for (const name of warmed) void doors.host.warm(lambdaName(name)).catch(plan.log)
  const all = started.move()
  const { database, dynamodb, queues } = servers
  return {
    endpoints: doors.endpoints,
    serverUrl: database.url,
    servers: [database, dynamodb].flatMap(({ process }) => process ?? []),
    environment: () => callerVariables(doors.variables),
    databaseUrl: (target) => databaseUrl(database.url, target),
    ensureTarget: doors.ensureTarget,
    functionProcesses: () => doors.host.processes(),
    queuedMessages: () => queues.peek(bundleQueueName),
    deadLetters: () => queues.peek(deadLetterName),
    auditFailures: () => queues.peek(auditFailureName),
    ageQueue: (ms) => queues.age(bundleQueueName, ms),
    setConcurrency: (name, allowed) => doors.host.setConcurrency(lambdaName(name), allowed),
    functionCounts: () => doors.host.counts(),
    switchAudit: mappings.switchAudit,
    logDir: plan.logDir,
    events: () => doors.bus.events(),
    auditStream: mappings.auditStream,
    stop: () => all.disposeAsync(),
  }
}

/** The functions on a run's way, in the order in which it needs them. */
const warmed = ['apply', 'runner', 'audit'] as const

/**
 * The resources that Lockstep needs, as plain data: the CDK stack, the embedded cloud and the tests all read them from here.
 */

import { isTargetName } from '../domain/types.ts'

interface TableDefinition {
  readonly partitionKey: 'pk'
  readonly sortKey: 'sk'
  /** Attribute by which a local index lists a target's runs, newest last; holding keys alone, it costs a run's changes nothing. */
  readonly localIndex?: { readonly name: string; readonly sortKey: string; readonly projection: 'KEYS_ONLY' }
  readonly stream?: 'NEW_AND_OLD_IMAGES'
}

/** Lock, runs, ledger, chain and settings. */
export const controlTable: TableDefinition = {
  partitionKey: 'pk',
  sortKey: 'sk',
  localIndex: { name: 'runs-by-creation', sortKey: 'createdAt', projection: 'KEYS_ONLY' },
}

/** The audit events; old images tell the audit function of an overwritten or removed one. */
export const auditTable: TableDefinition = { partitionKey: 'pk', sortKey: 'sk', stream: 'NEW_AND_OLD_IMAGES' }

/**
 * How long an invocation of the runner may take. A slice is over half a minute before it, and has to outlast the longest lease, five
 * minutes: a dead holder's is watched for a whole one before it is taken over. Lambda ends everything after a quarter of an hour.
 */
export const runnerTimeout = { shortestSeconds: 360, longestSeconds: 900 } as const
/** The runner, and the fronts that wait for it as long as it works: one timeout. */
export const runnersTime: readonly FunctionName[] = ['runner', 'apply', 'unlock']
/** The SQL parser takes most of the least: a megabyte of SQL, up to 350 MB. */
export const runnerMemory = { leastMiB: 512, mostMiB: 10_240 } as const

/** Lambda demands at least the front's timeout; the front shortens a message's visibility as its first act. */
export const visibilityReserveSeconds = 60

/** The bundle queue, between S3 and the apply function. */
export const bundleQueue = {
  visibilitySeconds: runnerTimeout.longestSeconds + visibilityReserveSeconds,
  /** Waiting for the lease takes any number of receives; crashes are counted in the RUN item. */
  maxReceiveCount: 1000,
  retentionDays: 7,
  deadLetterRetentionDays: 14,
  batchSize: 1,
} as const

export type FunctionName = 'runner' | 'apply' | 'status' | 'unlock' | 'rollback' | 'audit' | 'watch'

interface FunctionDefinition {
  readonly name: FunctionName
  readonly timeoutSeconds: number
  readonly memoryMiB: number
  /** True for the one function that sits in the VPC and may speak to PostgreSQL. */
  readonly database: boolean
}

/** One esbuild artefact each: `dist/functions/<name>/index.mjs`, export `handler`. */
export const functions: readonly FunctionDefinition[] = [
  { name: 'runner', timeoutSeconds: runnerTimeout.longestSeconds, memoryMiB: runnerMemory.leastMiB, database: true },
  { name: 'apply', timeoutSeconds: runnerTimeout.longestSeconds, memoryMiB: 256, database: false },
  { name: 'status', timeoutSeconds: 30, memoryMiB: 256, database: false },
  { name: 'unlock', timeoutSeconds: runnerTimeout.longestSeconds, memoryMiB: 256, database: false },
  { name: 'rollback', timeoutSeconds: 60, memoryMiB: 256, database: false },
  { name: 'audit', timeoutSeconds: 60, memoryMiB: 256, database: false },
  { name: 'watch', timeoutSeconds: 900, memoryMiB: 256, database: false },
]

/** Deployed once for each target with an administrator's secret: makes its roles, and is not called again until a deploy. */
export const setupFunction = { name: 'setup', timeoutSeconds: 120, memoryMiB: 256, database: true } as const

/** Uploads under this prefix, with this suffix, start runs. */
export const bundleKeys = { prefix: 'bundles/', suffix: '.zip' } as const
/**
 * Makes the prefix of one target's uploads, `bundles/<target>/`.
 *
 * @throws RangeError for a name that no target can have; in a grant, its `*` would match other targets
 */
export const bundlePrefix = (target: string): string => {
  if (isTargetName(target)) return `${bundleKeys.prefix}${target}/`
  throw new RangeError(`${JSON.stringify(target)} is no target's name, expected [a-z0-9][a-z0-9-]{0,62}`)
}
/** A target's settings are the item `pk=TARGET#<name>`, written at deploy; the functions are denied writes below the prefix. */
export const settingsKeys = { prefix: 'TARGET#', sortKey: 'SETTINGS' } as const
/** Audit events are archived as `audit/<target>/<seq, 12 digits>.json`. */
export const auditKeys = { prefix: 'audit/' } as const

/** Names of the environment variables that functions and the command line read; `edge/config.ts` is the only reader. */
export const environment = {
  deployment: 'LOCKSTEP_DEPLOYMENT',
  controlTable: 'LOCKSTEP_CONTROL_TABLE',
  auditTable: 'LOCKSTEP_AUDIT_TABLE',
  bundleBucket: 'LOCKSTEP_BUNDLE_BUCKET',
  recordsBucket: 'LOCKSTEP_RECORDS_BUCKET',
  eventBus: 'LOCKSTEP_EVENT_BUS',
  queueUrl: 'LOCKSTEP_QUEUE_URL',
  deadLetterUrl: 'LOCKSTEP_DEAD_LETTER_URL',
  runnerFunction: 'LOCKSTEP_RUNNER_FUNCTION',
  statusFunction: 'LOCKSTEP_STATUS_FUNCTION',
  unlockFunction: 'LOCKSTEP_UNLOCK_FUNCTION',
  rollbackFunction: 'LOCKSTEP_ROLLBACK_FUNCTION',
  setupTarget: 'LOCKSTEP_SETUP_TARGET',
} as const

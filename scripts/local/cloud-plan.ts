import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleQueue, type FunctionName } from '../../functions/edge/resources.ts'
import type { VariablesOf } from './cloud-layout.ts'
import type { ConnectionOverrides, SettingsOverrides } from './provision-target.ts'

export interface CloudOptions {
  /** Holds everything that outlives the cloud; one cloud may use it at a time. */
  readonly stateDir: string
  /** True leaves undeclared targets to be refused; otherwise the first upload for a target makes it. */
  readonly strict?: boolean
  /** False gives durability up for speed: for data that nobody will miss. */
  readonly fsync?: boolean
  /** The folder with one built folder a function; `dist/functions` unless given. */
  readonly artefacts?: string
  /** In milliseconds, instead of those of `edge/resources.ts`. */
  readonly functionTimeouts?: Readonly<Partial<Record<FunctionName, number>>>
  /** For every target that is made, instead of the defaults. */
  readonly settings?: SettingsOverrides
  /** Of the bundle queue, instead of those of `edge/resources.ts`. */
  readonly queue?: { readonly visibilitySeconds?: number; readonly maxReceiveCount?: number }
  /** Tries of an audit event before its position is set aside, so that the others go on; without it, it is tried for ever. */
  readonly auditAttempts?: number
  /** Puts something before the endpoints for the functions: makes of the callers' variables those that each function gets instead. */
  readonly variablesInside?: (outside: Readonly<Record<string, string>>) => Promise<VariablesOf>
  /** Puts something before PostgreSQL for the functions: answers how they are to connect to it. */
  readonly frontPostgres?: (url: string) => Promise<ConnectionOverrides>
  /** Invocations of the apply function at the same time; 5 unless given. */
  readonly concurrency?: number
  /** Starts a process of each function ahead of its first invocation. */
  readonly warm?: boolean
  /** Servers to take where this platform has no program for one's own. */
  readonly fallback?: ServerFallback
  readonly onProgress?: (text: string) => void
  readonly log?: (line: string) => void
}

export interface ServerFallback {
  /** A superuser's URL. */
  readonly databaseUrl?: string | undefined
  readonly dynamodbEndpoint?: string | undefined
}

/** The options with nothing left open. */
export type CloudPlan = Required<CloudOptions> & {
  readonly queue: { readonly visibilitySeconds: number; readonly maxReceiveCount: number }
  readonly logDir: string
}

/** Fills in what the options leave open. */
export const planCloud = (options: CloudOptions): CloudPlan => ({
  strict: false,
  fsync: true,
  artefacts: join(projectDir, 'dist', 'functions'),
  functionTimeouts: {},
  settings: {},
  concurrency: 5,
  auditAttempts: Number.POSITIVE_INFINITY,
  variablesInside: async (outside) => () => outside,
  frontPostgres: async () => ({}),
  warm: false,
  fallback: {},
  onProgress: () => undefined,
  log: () => undefined,
  ...options,
  stateDir: resolve(options.stateDir),
  queue: { ...bundleQueue, ...options.queue },
  logDir: join(resolve(options.stateDir), 'logs'),
})

const projectDir = fileURLToPath(new URL('../..', import.meta.url))

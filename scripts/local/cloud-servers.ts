import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { LockstepError } from '../../functions/domain/errors.ts'
import { startDynamoDbServer } from './dynamodb-server.ts'
import { startPostgresServer } from './postgres-server.ts'
import { identifyProcess, isRunning } from './process-identity.ts'
import type { ProcessJournal } from './process-journal.ts'
import { type QueueServer, startQueueServer } from './queue-server.ts'

/** What lies below the embedded cloud. */
export interface CloudServers {
  readonly database: Server
  readonly dynamodb: Server
  readonly queues: QueueServer
}

/** A server that is a program of its own, or one that somebody else runs. */
export interface Server {
  readonly url: string
  /** Absent for somebody else's. */
  readonly process?: ServerProcess
  stop(): Promise<void>
}

export interface ServerProcess {
  readonly name: string
  readonly pid: number
  /** Settles when the process has ended, for whatever reason. */
  readonly ended: Promise<void>
}

export interface ServerOptions {
  readonly stateDir: string
  readonly logDir: string
  readonly fsync: boolean
  /** Where there is no program for this platform: somebody else's server, by its URL. */
  readonly fallback: { readonly databaseUrl?: string | undefined; readonly dynamodbEndpoint?: string | undefined }
  readonly journal: ProcessJournal
}

/**
 * Starts PostgreSQL, DynamoDB and SQS, side by side; when one fails, `started` ends those that did not.
 *
 * @throws LockstepError LOCAL_UNSUPPORTED where a program is missing and there is no fallback; LOCAL_START_FAILED
 */
export async function startServers(options: ServerOptions, started: AsyncDisposableStack): Promise<CloudServers> {
  const owned = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const server = await starting
    started.defer(() => server.stop())
    return server
  }
  const starting = [
    owned(startDynamoDb(options)),
    owned(startQueueServer(join(options.stateDir, 'queues'))),
    owned(startDatabase(options)),
  ] as const
  await Promise.allSettled(starting)
  const [dynamodb, queues, database] = await Promise.all(starting)
  return { database, dynamodb, queues }
}

const startDatabase = (options: ServerOptions): Promise<Server> =>
  orFallback(options.fallback.databaseUrl, async () => {
    const dataDir = join(options.stateDir, 'postgres')
    const log = join(options.logDir, 'postgres.log')
    const { url, stop } = await startPostgresServer({ dataDir, fsync: options.fsync, log })
    const [pid] = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n').map(Number)
    const process = { name: 'postgres', pid: pid ?? 0 }
    // SIGINT is PostgreSQL's fast shutdown: it waits for no client
    options.journal.note(process.name, process.pid, 'SIGINT')
    return { url, stop, process: { ...process, ended: hasEnded(process.pid) } }
  })

const startDynamoDb = (options: ServerOptions): Promise<Server> =>
  orFallback(options.fallback.dynamodbEndpoint, async () => {
    const dataDir = join(options.stateDir, 'dynamodb')
    const { endpoint, pid, ended, stop } = await startDynamoDbServer({
      dataDir,
      logFile: join(options.logDir, 'dynamodb.log'),
    })
    options.journal.note('dynamodb', pid, 'SIGTERM')
    return { url: endpoint, stop, process: { name: 'dynamodb', pid, ended } }
  })

const orFallback = async (url: string | undefined, start: () => Promise<Server>): Promise<Server> => {
  try {
    return await start()
  } catch (thrown) {
    const unsupported = thrown instanceof LockstepError && thrown.code === 'LOCAL_UNSUPPORTED'
    if (!unsupported || url === undefined) throw thrown
    return { url, stop: async () => undefined }
  }
}

const watchMs = 250

const hasEnded = async (pid: number): Promise<void> => {
  const identity = identifyProcess(pid)
  while (identity !== undefined && isRunning(identity)) await delay(watchMs, undefined, { ref: false })
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { LockstepError } from '../../functions/domain/errors.ts'
import { type Account, serverAccount } from './postgres-account.ts'
import { stagePostgres } from './postgres-binaries.ts'
import { type Cluster, ensureCluster } from './postgres-cluster.ts'
import { findPostgresPackage, unsupported } from './postgres-package.ts'

export interface PostgresOptions {
  /** Made when it is not there, else taken as it is. */
  readonly dataDir: string
  /** A free one when it is not given. */
  readonly port?: number
  /** False gives durability up for speed: for data that nobody will miss. */
  readonly fsync: boolean
  /** Where the server writes its log; `server.log` in the data directory when it is not given. */
  readonly log?: string
}

/** A running PostgreSQL that listens on 127.0.0.1 only. */
export interface PostgresServer {
  readonly port: number
  /** A superuser's connection URL, password included. */
  readonly url: string
  /** Ends all sessions and the server; idempotent, never throws. */
  stop(): Promise<void>
}

const startTimeoutMs = 60_000
/** Time for a fast shutdown, which writes a checkpoint, before the server is ended the hard way. */
const fastStopMs = 10_000
const portTries = 5

/**
 * Starts a real PostgreSQL from the optional platform package, as another user when the caller is root.
 *
 * @throws LockstepError LOCAL_UNSUPPORTED where the package can't run, with the variable that makes do without it; USAGE when
 *   the given port is taken
 */
export const startPostgresServer = async (options: PostgresOptions): Promise<PostgresServer> => {
  const account = await serverAccount()
  const binaries = await stagePostgres(await findPostgresPackage(), account)
  const cluster = await ensureCluster(path.resolve(options.dataDir), binaries, account)
  for (let tries = 1; ; tries += 1) {
    const port = options.port ?? (await freePort())
    const started = await start({ ...options, program: binaries.postgres, cluster, port, ...(account && { account }) })
    if (started.kind === 'running') return started.server
    if (!started.log.includes('could not bind')) throw unsupported(`the server ended at its start:\n${started.log}`)
    // a free port may be taken by someone else before we get there
    if (options.port !== undefined || tries === portTries) {
      throw new LockstepError('USAGE', `port ${port} of 127.0.0.1 is taken`, { hint: 'choose another port' })
    }
  }
}

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

interface Start extends PostgresOptions {
  readonly program: string
  readonly cluster: Cluster
  readonly port: number
  readonly account?: Account
}

type Started =
  | { readonly kind: 'running'; readonly server: PostgresServer }
  | { readonly kind: 'ended'; readonly log: string }

const start = async (options: Start): Promise<Started> => {
  const { cluster, port } = options
  const logFile = options.log ?? path.join(cluster.folder, 'server.log')
  await using log = await open(logFile, 'a')
  const { size } = await log.stat()
  const child = spawn(options.program, serverArguments(options), {
    ...options.account,
    env: {},
    cwd: '/',
    stdio: ['ignore', log.fd, log.fd],
    // a terminal's Ctrl-C must not reach the server before those who still use it
    detached: true,
  })
  if ((await waitUntilReady(child, cluster.folder)) === 'ended')
    return { kind: 'ended', log: await logSince(logFile, size) }
  const url = `postgresql://postgres:${cluster.password}@127.0.0.1:${port}/postgres`
  return { kind: 'running', server: { port, url, stop: stopper(child) } }
}

const serverArguments = ({ cluster, port, fsync }: Start): readonly string[] => {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    // a socket's path must be shorter than many a data directory's
    unix_socket_directories: '',
    max_connections: 200,
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(!fsync && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  return ['-D', cluster.folder, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

const waitUntilReady = async (child: ChildProcess, folder: string): Promise<'ready' | 'ended'> => {
  let failed = false
  child.once('error', () => {
    failed = true
  })
  const giveUpAt = performance.now() + startTimeoutMs
  while (!failed && child.exitCode === null && child.signalCode === null) {
    if (await saysReady(child, folder)) return 'ready'
    if (performance.now() > giveUpAt) child.kill('SIGQUIT')
    await sleep(5)
  }
  return 'ended'
}

/** The first line of the server's own file is its pid, the eighth how far it came. */
const saysReady = async (child: ChildProcess, folder: string): Promise<boolean> => {
  const lines = (await readFile(path.join(folder, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  return Number(lines[0]) === child.pid && readyStates.has(lines[7]?.trim())
}

/** A server that replays another's log says `standby` for good. */
const readyStates: ReadonlySet<string | undefined> = new Set(['ready', 'standby'])

const logSince = async (file: string, start: number): Promise<string> => {
  const text = (await readFile(file)).subarray(start).toString().trim()
  return text.split('\n').slice(-20).join('\n')
}

const stopper = (child: ChildProcess): (() => Promise<void>) => {
  const endWithUs = () => child.kill('SIGQUIT')
  process.once('exit', endWithUs)
  child.unref()
  return async () => {
    process.off('exit', endWithUs)
    if (await endedAfter(child, 'SIGINT', fastStopMs)) return
    if (await endedAfter(child, 'SIGQUIT', fastStopMs)) return
    child.kill('SIGKILL')
  }
}

const endedAfter = async (child: ChildProcess, signal: NodeJS.Signals, withinMs: number): Promise<boolean> => {
  if (child.exitCode !== null || child.signalCode !== null) return true
  child.ref()
  const ended = once(child, 'exit').then(() => true)
  child.kill(signal)
  return await Promise.race([ended, sleep(withinMs, false, { ref: false })])
}

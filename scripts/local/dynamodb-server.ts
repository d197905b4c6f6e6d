import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { LockstepError } from '../../functions/domain/errors.ts'

/** DynamoDB with transactions and streams, as a process of its own. */
export interface DynamoDbServer {
  readonly endpoint: string
  readonly pid: number
  /** Settles when the process has ended, for whatever reason. */
  readonly ended: Promise<void>
  /** Ends the process within a second; idempotent, never throws. */
  stop(): Promise<void>
}

export interface DynamoDbOptions {
  /** Holds tables and streams, which so outlive the process; without it they are in memory. */
  readonly dataDir?: string
  /** Receives the server's complaints. */
  readonly logFile?: string
}

/**
 * Starts the dynoxide binary on a free loopback port and waits until it listens.
 *
 * @throws LockstepError LOCAL_UNSUPPORTED without a binary for this platform; LOCAL_START_FAILED when it does not start
 */
export async function startDynamoDbServer(options: DynamoDbOptions): Promise<DynamoDbServer> {
  const binary = findBinary()
  let said = ''
  for (let tries = 1; tries <= portTries; tries++) {
    const port = await freePort()
    const child = launch(binary, port, options)
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-shownCharacters)
      if (options.logFile !== undefined) appendFileSync(options.logFile, text)
    })
    if ((await listens(child, ended)) && child.pid !== undefined) {
      return { endpoint: `http://127.0.0.1:${port}`, pid: child.pid, ended, stop: () => stop(child, ended) }
    }
    await stop(child, ended)
  }
  throw new LockstepError('LOCAL_START_FAILED', `the DynamoDB server did not start:\n${said.trim()}`)
}

/** Another process may take the free port between its choice and the server's start. */
const portTries = 3
const shownCharacters = 2000
const readyMs = 5000
const stopMs = 1000

const findBinary = (): string => {
  const platform = `${process.platform}-${process.arch}`
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`@dynoxide/${platform}/package.json`)), 'dynoxide')
  } catch (cause) {
    throw new LockstepError('LOCAL_UNSUPPORTED', `the optional package @dynoxide/${platform} is not installed`, {
      hint: 'set AWS_ENDPOINT_URL_DYNAMODB to a DynamoDB Local or LocalStack to use that server instead',
      cause,
    })
  }
}

const launch = (binary: string, port: number, { dataDir }: DynamoDbOptions): ChildProcess => {
  if (dataDir !== undefined) mkdirSync(dataDir, { recursive: true })
  const storage = dataDir === undefined ? [] : ['--db-path', join(dataDir, 'dynamodb.sqlite')]
  return spawn(binary, ['--host', '127.0.0.1', '--port', String(port), ...storage], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {},
  })
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

/** The server's own word, since a stranger may answer on a port that was taken in the meantime. */
const listens = (child: ChildProcess, ended: Promise<void>): Promise<boolean> =>
  new Promise((resolve) => {
    const giveUp = setTimeout(() => resolve(false), readyMs)
    const settle = (ready: boolean): void => {
      clearTimeout(giveUp)
      resolve(ready)
    }
    child.stderr?.on('data', (text: string) => {
      if (text.includes('listening on')) settle(true)
    })
    child.once('error', () => settle(false))
    void ended.then(() => settle(false))
  })

const stop = async (child: ChildProcess, ended: Promise<void>): Promise<void> => {
  const kill = setTimeout(() => child.kill('SIGKILL'), stopMs)
  child.kill('SIGTERM')
  await ended
  clearTimeout(kill)
}

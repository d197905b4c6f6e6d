import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LockstepError } from '../../functions/domain/errors.ts'
import { cacheDir } from './cache-dir.ts'
import { type DaemonMessage, type DaemonOptions, daemonMessage } from './daemon-messages.ts'

export interface DaemonStart {
  readonly stateDir: string
  readonly strict: boolean
  readonly fsync?: boolean
  readonly artefacts?: string
  readonly onProgress?: (text: string) => void
}

/**
 * Starts the background process and waits until its cloud is up.
 *
 * @returns `busy` when another process has the state folder
 * @throws LockstepError with what the process says of its failed start
 */
export async function startDaemon(start: DaemonStart, env = process.env): Promise<'up' | 'busy'> {
  const logFile = join(start.stateDir, 'daemon.log')
  const child = launch(optionsOf(start, env), logFile, env)
  try {
    return await outcome(child, logFile, start.onProgress)
  } finally {
    if (child.connected) child.disconnect()
    child.unref()
  }
}

const entry = fileURLToPath(new URL('./daemon-process.ts', import.meta.url))

const optionsOf = (
  { stateDir, strict, fsync = true, artefacts }: DaemonStart,
  env: NodeJS.ProcessEnv,
): DaemonOptions => ({
  stateDir,
  strict,
  fsync,
  ...(artefacts !== undefined && { artefacts }),
  fallback: { databaseUrl: env.DATABASE_URL, dynamodbEndpoint: env.AWS_ENDPOINT_URL_DYNAMODB },
})

const launch = (options: DaemonOptions, logFile: string, env: NodeJS.ProcessEnv): ChildProcess => {
  const log = openSync(logFile, 'a')
  try {
    return spawn(process.execPath, [entry, JSON.stringify(options)], {
      cwd: options.stateDir,
      // the same whoever starts it: no profile, no locale, no Node options of the caller
      env: {
        PATH: env.PATH,
        HOME: env.HOME ?? tmpdir(),
        TMPDIR: tmpdir(),
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        NODE_COMPILE_CACHE: cacheDir,
      },
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    })
  } finally {
    closeSync(log)
  }
}

const outcome = (child: ChildProcess, logFile: string, onProgress: (text: string) => void = () => undefined) =>
  new Promise<'up' | 'busy'>((resolve, reject) => {
    child.on('message', (raw) => {
      const message: DaemonMessage = daemonMessage.parse(raw)
      if (message.kind === 'progress') onProgress(message.text)
      else if (message.kind === 'failed')
        reject(new LockstepError(message.code, message.message, { hint: message.hint }))
      else resolve(message.kind)
    })
    // unheard from now on, it stops as soon as its start is over
    const late = `it was not up within ${startTimeoutMs} ms`
    setTimeout(
      () => reject(new LockstepError('LOCAL_START_FAILED', `${late}:\n${tail(logFile)}`)),
      startTimeoutMs,
    ).unref()
    child.once('error', (cause) => reject(new LockstepError('LOCAL_START_FAILED', cause.message, { cause })))
    // the channel ends after its last message, while the exit may be heard of before
    child.once('disconnect', () =>
      reject(new LockstepError('LOCAL_START_FAILED', `its process ended:\n${tail(logFile)}`)),
    )
  })

/** A first start makes a database cluster, on a machine that may be busy. */
const startTimeoutMs = 90_000
const shownLines = 20

const tail = (logFile: string): string =>
  readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-shownLines).join('\n')

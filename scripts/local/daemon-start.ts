import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LockstepError } from '../../functions/domain/errors.ts'
import { cacheDir } from './cache-dir.ts'
import { type DaemonMessage, type DaemonOptions, daemonMessage, optionsVariable } from './daemon-messages.ts'

export interface DaemonStart {
  readonly stateDir: string
  readonly strict: boolean
  readonly fsync?: boolean
  readonly artefacts?: string
  readonly onProgress?: (text: string) => void
}

/**
 * Starts the background process and waits until its cloud is up; a process that fails is gone when that is told.
 *
 * @returns `busy` when another process has the state folder
 * @throws LockstepError with what the process says of its failed start
 */
export async function startDaemon(start: DaemonStart, env = process.env): Promise<'up' | 'busy'> {
  const logFile = join(start.stateDir, 'daemon.log')
  const child = launch(optionsOf(start, env), logFile, env)
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  try {
    const verdict = await hearVerdict(child, start.onProgress)
    if (verdict.kind === 'up' || verdict.kind === 'busy') return verdict.kind
    // unheard from now on, a process that is late stops as soon as its start is over
    if (verdict.kind === 'failed' || verdict.kind === 'ended') await exited
    throw toError(verdict, logFile)
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
    return spawn(process.execPath, [entry], {
      cwd: options.stateDir,
      // the same whoever starts it: no profile, no locale, no Node options of the caller
      env: {
        PATH: env.PATH,
        HOME: env.HOME ?? tmpdir(),
        TMPDIR: tmpdir(),
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        NODE_COMPILE_CACHE: cacheDir,
        // not an argument: everybody may read those, and a URL may hold a password
        [optionsVariable]: JSON.stringify(options),
      },
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    })
  } finally {
    closeSync(log)
  }
}

type Verdict =
  | Exclude<DaemonMessage, { readonly kind: 'progress' }>
  | { readonly kind: 'late' | 'ended' }
  | { readonly kind: 'not-started'; readonly cause: Error }

const hearVerdict = (child: ChildProcess, onProgress: (text: string) => void = () => undefined): Promise<Verdict> =>
  new Promise((resolve) => {
    const late = setTimeout(() => settle({ kind: 'late' }), startTimeoutMs)
    const settle = (verdict: Verdict): void => {
      clearTimeout(late)
      resolve(verdict)
    }
    child.on('message', (raw) => {
      const message = daemonMessage.parse(raw)
      if (message.kind === 'progress') onProgress(message.text)
      else settle(message)
    })
    child.once('error', (cause) => settle({ kind: 'not-started', cause }))
    // the channel ends after its last message, while the exit may be heard of before
    child.once('disconnect', () => settle({ kind: 'ended' }))
  })

const toError = (verdict: Exclude<Verdict, { readonly kind: 'up' | 'busy' }>, logFile: string): LockstepError => {
  switch (verdict.kind) {
    case 'failed':
      return new LockstepError(verdict.code, verdict.message, { hint: verdict.hint })
    case 'not-started':
      return new LockstepError('LOCAL_START_FAILED', verdict.cause.message, { cause: verdict.cause })
    case 'ended':
      return new LockstepError('LOCAL_START_FAILED', `its process ended:\n${tail(logFile)}`)
    case 'late':
      return new LockstepError('LOCAL_START_FAILED', `it was not up after ${startTimeoutMs} ms:\n${tail(logFile)}`)
  }
}

/** A first start makes a database cluster, on a machine that may be busy. */
const startTimeoutMs = 90_000
const shownLines = 20

const tail = (logFile: string): string =>
  readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-shownLines).join('\n')

import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import { startDaemon } from './daemon-start.ts'
import { endProcess, isRunning } from './process-identity.ts'
import { endOrphans, findNoted } from './process-journal.ts'
import { type LocalState, loadLocalState, removeLocalState } from './state.ts'
import { isStateDirHeld } from './state-hold.ts'
import { databaseUrl } from './target-names.ts'

export type { LocalState } from './state.ts'

export interface LocalUpOptions {
  /** Holds everything that outlives the cloud, and its logs. */
  readonly stateDir: string
  /** True leaves undeclared targets to be refused; otherwise the first upload for a target makes it. */
  readonly strict: boolean
  /** False gives durability up for speed: for data that nobody will miss. */
  readonly fsync?: boolean
  /** The folder with one built folder a function. */
  readonly artefacts?: string
  readonly onProgress?: (text: string) => void
}

/**
 * Starts an embedded cloud in a process of its own, which goes on when the caller ends; one that runs is left as it is.
 *
 * What a killed cloud left behind (servers, functions) is ended first. A start that fails leaves nothing running.
 *
 * @throws LockstepError LOCAL_UNSUPPORTED; LOCAL_START_FAILED with the last lines of the failing server's log
 */
export async function localUp(options: LocalUpOptions): Promise<LocalState> {
  if (process.platform !== 'linux') throw notOnLinux()
  const stateDir = resolve(options.stateDir)
  mkdirSync(stateDir, { recursive: true })
  const until = performance.now() + busyTimeoutMs
  for (;;) {
    const running = await readLocalState(stateDir)
    if (running !== undefined) return running
    if (await isStateDirHeld(stateDir)) await delay(pollMs)
    else await startDaemon({ ...options, stateDir })
    if (performance.now() > until) {
      throw new LockstepError('LOCAL_START_FAILED', `another process holds ${stateDir}, and its cloud does not come up`)
    }
  }
}

/**
 * Stops the cloud of a state folder, and whatever a killed one left; its data stays. Idempotent.
 *
 * @returns what there was to stop
 */
export async function localDown(options: { readonly stateDir: string }): Promise<'stopped' | 'was-not-running'> {
  const stateDir = resolve(options.stateDir)
  const daemon = findNoted(stateDir, 'daemon')
  if (daemon !== undefined) await endProcess(daemon, 'SIGTERM', stopTimeoutMs)
  const orphans = await endOrphans(stateDir)
  await removeLocalState(stateDir)
  return daemon !== undefined || orphans.length > 0 ? 'stopped' : 'was-not-running'
}

/**
 * Reads where the cloud of a state folder is.
 *
 * @returns undefined when there is none, or its process is gone: killed, or of a machine that was started again since
 */
export async function readLocalState(stateDir: string): Promise<LocalState | undefined> {
  const state = await loadLocalState(resolve(stateDir))
  return state !== undefined && isRunning(state.daemon) ? state : undefined
}

/** Names a target's database in a running cloud, for the superuser; the target's first upload makes it. */
export const localUrl = (state: LocalState, target: TargetName): string => databaseUrl(state.serverUrl, target)

/** Processes are told apart by what only Linux tells of them. */
const notOnLinux = (): LockstepError =>
  new LockstepError('LOCAL_UNSUPPORTED', `the embedded cloud needs Linux, this is ${process.platform}`, {
    hint: 'set AWS_ENDPOINT_URL to a LocalStack and drop --local, or run it in a Linux container',
  })

/** How long another process may hold the state folder without its cloud being up. */
const busyTimeoutMs = 120_000
const pollMs = 50
/** An orderly stop takes about a second; PostgreSQL may need its time for a checkpoint. */
const stopTimeoutMs = 20_000

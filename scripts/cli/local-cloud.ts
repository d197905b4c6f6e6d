import { join } from 'node:path'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { LocalState } from '../local/daemon.ts'

/** Where the embedded cloud of a folder keeps what it is. */
export const stateDirOf = (cwd: string): string => join(cwd, '.lockstep')

interface StartOptions {
  readonly stateDir: string
  readonly strict: boolean
  readonly fsync: boolean
  readonly onProgress: (text: string) => void
}

/**
 * Starts an embedded cloud on functions that are built for it, so that they are those of the sources as they are now; one that runs is
 * left as it is.
 *
 * @throws LockstepError LOCAL_UNSUPPORTED, LOCAL_START_FAILED
 */
export async function startLocal(options: StartOptions): Promise<LocalState> {
  const { localUp, readLocalState } = await import('../local/daemon.ts')
  const { stateDir, onProgress } = options
  const running = await readLocalState(stateDir)
  if (running !== undefined) return running
  onProgress('building the functions')
  const { buildFunctions } = await import('../build.ts')
  const artefacts = await buildFunctions(join(stateDir, 'functions'))
  return await localUp({ ...options, artefacts })
}

/**
 * Reads where the embedded cloud of this folder is.
 *
 * @throws LockstepError LOCAL_NOT_RUNNING
 */
export async function requireLocal(cwd: string): Promise<LocalState> {
  const { readLocalState } = await import('../local/daemon.ts')
  const state = await readLocalState(stateDirOf(cwd))
  if (state !== undefined) return state
  throw new LockstepError('LOCAL_NOT_RUNNING', `no embedded cloud runs in ${cwd}`, {
    hint: 'start it with `lockstep local up`, or talk to AWS with --no-local',
  })
}

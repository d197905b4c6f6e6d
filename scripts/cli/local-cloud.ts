import { join } from 'node:path'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { LocalState } from '../local/daemon.ts'

/** Where the embedded cloud of a folder keeps what it is. */
export const stateDirOf = (cwd: string): string => join(cwd, '.lockstep')

/**
 * Reads where the embedded cloud of this folder is.
 *
 * @throws LockstepError LOCAL_NOT_RUNNING
 */
export async function requireLocal(cwd: string): Promise<LocalState> {
  const { readLocalState } = await import('../local/daemon.ts')
  const state = await readLocalState(stateDirOf(cwd))
  if (state !== undefined) return state
  throw new LockstepError('LOCAL_NOT_RUNNING', `no embedded cloud was started in ${cwd}`)
}

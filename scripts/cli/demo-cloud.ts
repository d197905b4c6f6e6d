import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TargetName } from '../../functions/domain/types.ts'
import { localDown, localUrl } from '../local/daemon.ts'
import type { Context } from './command.ts'
import { connectToLocal } from './connection.ts'
import { startLocal, stateDirOf } from './local-cloud.ts'
import type { Connection } from './ports.ts'

/** A cloud for one demo: fresh at the start, stopped and gone at the end. */
export interface DemoCloud extends Connection, AsyncDisposable {
  databaseUrl(target: TargetName): string
}

/**
 * Starts an embedded cloud of its own, beside one that `lockstep local up` may have started here.
 *
 * @throws LockstepError LOCAL_UNSUPPORTED, LOCAL_START_FAILED
 */
export async function startDemoCloud({ cwd }: Context, onProgress: (text: string) => void): Promise<DemoCloud> {
  const stateDir = join(stateDirOf(cwd), 'demo')
  const clear = async (): Promise<void> => {
    await localDown({ stateDir })
    await rm(stateDir, { recursive: true, force: true })
  }
  await clear()
  const state = await startLocal({ stateDir, strict: false, fsync: false, onProgress })
  return {
    ...(await connectToLocal(state.environment)),
    databaseUrl: (target) => localUrl(state, target),
    [Symbol.asyncDispose]: clear,
  }
}

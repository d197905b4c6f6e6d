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
 * Starts an embedded cloud of its own, beside one that `lockstep local up` may have started here. A start that fails leaves nothing.
 *
 * @throws LockstepError LOCAL_UNSUPPORTED, LOCAL_START_FAILED
 */
export async function startDemoCloud({ cwd }: Context, onProgress: (text: string) => void): Promise<DemoCloud> {
  const stateDir = join(stateDirOf(cwd), 'demo')
  await clear(stateDir)
  await using cleared = new AsyncDisposableStack()
  cleared.defer(() => clear(stateDir))
  const state = await startLocal({ stateDir, strict: false, fsync: false, onProgress })
  const connection = await connectToLocal(state.environment)
  const whole = cleared.move()
  return {
    ...connection,
    databaseUrl: (target) => localUrl(state, target),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  }
}

/** Ends what a demo started, this one or one that was killed, and removes what it wrote. */
const clear = async (stateDir: string): Promise<void> => {
  await localDown({ stateDir })
  await rm(stateDir, { recursive: true, force: true })
}

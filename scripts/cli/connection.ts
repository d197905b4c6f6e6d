import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from './command.ts'
import { requireLocal, stateDirOf } from './local-cloud.ts'
import type { PlaceOption } from './options.ts'
import type { Connection } from './ports.ts'

/**
 * Connects to the cloud that is meant: the embedded one with `--local`, or where one was started in this folder; else AWS as the
 * environment describes it.
 *
 * @throws LockstepError LOCAL_NOT_RUNNING, or USAGE when the environment names no bucket or no function
 */
export async function connect({ env, cwd }: Context, { local }: PlaceOption): Promise<Connection> {
  const isLocal = local ?? existsSync(join(stateDirOf(cwd), 'local.json'))
  return await connectTo(isLocal ? { ...env, ...(await requireLocal(cwd)).environment } : env)
}

/**
 * Connects to the cloud that these variables describe. The AWS clients are loaded only now: whoever is refused before does not
 * wait for them.
 */
export async function connectTo(env: Context['env']): Promise<Connection> {
  const { readCliConfig } = await import('../../functions/edge/config.ts')
  const config = readCliConfig(env)
  const { composeCli } = await import('../../functions/edge/compose.ts')
  return { ...composeCli(config), bundleBucket: config.bundleBucket }
}

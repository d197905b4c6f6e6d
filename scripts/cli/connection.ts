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
export async function connect(
  { env, cwd }: Context,
  { local }: PlaceOption,
  purpose: 'ask' | 'push' = 'ask',
): Promise<Connection> {
  const wasStarted = existsSync(join(stateDirOf(cwd), 'local.json'))
  if (!(local ?? wasStarted)) return await open(env, purpose)
  return await connectToLocal((await requireLocal(cwd)).environment)
}

/** What would lead an AWS client away from the embedded cloud: a profile wins over credentials, the others over endpoints. */
const misleading = [
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  'AWS_USE_FIPS_ENDPOINT',
  'AWS_USE_DUALSTACK_ENDPOINT',
]

/**
 * Connects to the embedded cloud that these variables describe, for the rest of the process: AWS clients read endpoints, region and
 * credentials from its environment.
 */
export async function connectToLocal(environment: Readonly<Record<string, string>>): Promise<Connection> {
  for (const name of misleading) delete process.env[name]
  Object.assign(process.env, environment)
  return await open(environment)
}

/** The AWS clients are loaded only now: whoever is refused before does not wait for them. */
const open = async (env: Context['env'], purpose: 'ask' | 'push' = 'ask'): Promise<Connection> => {
  const { bundleBucketOf, readCliConfig, readPushConfig } = await import('../../functions/edge/config.ts')
  const config = purpose === 'push' ? readPushConfig(env) : readCliConfig(env)
  const { composeCli } = await import('../../functions/edge/compose-cli.ts')
  const cloud = composeCli(config)
  return {
    ...cloud,
    get bundleBucket() {
      return bundleBucketOf(config)
    },
  }
}

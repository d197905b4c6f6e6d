import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { requireLocal } from '../cli/local-cloud.ts'

/**
 * Prints the variables that point the AWS command line, or any SDK, at the embedded cloud, as shell lines for `eval`.
 *
 * @throws LockstepError LOCAL_NOT_RUNNING
 */
export async function localEnv({ output, cwd }: Context): Promise<Outcome> {
  const { environment } = await requireLocal(cwd)
  if (!output.json)
    for (const [name, value] of Object.entries(environment)) output.line(`export ${name}=${quote(value)}`)
  return succeeded({ environment })
}

const quote = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`

import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { openLiveLine } from '../cli/live-line.ts'
import { stateDirOf } from '../cli/local-cloud.ts'
import { table } from '../cli/table.ts'
import { localUp as startCloud } from '../local/daemon.ts'

/**
 * Starts the embedded cloud in the background; one that runs already is left as it is.
 *
 * @throws LockstepError LOCAL_UNSUPPORTED, LOCAL_START_FAILED
 */
export async function localUp(
  { output, cwd }: Context,
  { strict = false }: { readonly strict?: boolean },
): Promise<Outcome> {
  const state = await start()
  output.line(`${output.paint('green', '✓')} the embedded cloud is up; \`lockstep push\` in this folder uses it now`)
  const rows = Object.entries(state.environment).map(([name, value]) => [`  ${output.paint('dim', name)}`, value])
  for (const line of table(rows)) output.line(line)
  output.line(`${output.paint('cyan', '→')} stop it with \`lockstep local down\``)
  return succeeded({ stateDir: stateDirOf(cwd), environment: state.environment })

  async function start() {
    using line = openLiveLine(output)
    return await startCloud({ stateDir: stateDirOf(cwd), strict, onProgress: (text) => line.show(text) })
  }
}

import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { stateDirOf } from '../cli/local-cloud.ts'
import { localDown as stopCloud } from '../local/daemon.ts'

/** Stops the embedded cloud of this folder; its data stays. Stopping what does not run is no error. */
export async function localDown({ output, cwd }: Context): Promise<Outcome> {
  const stateDir = stateDirOf(cwd)
  const was = await stopCloud({ stateDir })
  const text =
    was === 'stopped' ? 'the embedded cloud is down; its data stays in .lockstep/' : 'no embedded cloud was running'
  output.line(`${output.paint('green', '✓')} ${text}`)
  return succeeded({ stateDir, stopped: was === 'stopped' })
}

import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { stateDirOf } from '../cli/local-cloud.ts'
import { localDown as stopCloud } from '../local/daemon.ts'

/** Stops the embedded cloud of this folder; its data stays. Stopping what does not run is no error. */
export async function localDown({ output, cwd }: Context): Promise<Outcome> {
  await stopCloud({ stateDir: stateDirOf(cwd) })
  output.line(`${output.paint('green', '✓')} the embedded cloud is down; its data stays in .lockstep/`)
  return succeeded({ stateDir: stateDirOf(cwd) })
}

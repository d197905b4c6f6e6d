import { LockstepError } from '../../functions/domain/errors.ts'
import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { showProgress } from '../cli/live-line.ts'
import { startLocal, stateDirOf } from '../cli/local-cloud.ts'
import { table } from '../cli/table.ts'

/**
 * Starts the embedded cloud in the background; one that runs already is left as it is.
 *
 * @throws LockstepError LOCAL_UNSUPPORTED, LOCAL_START_FAILED, USAGE when one runs that is not strict and should be
 */
export async function localUp({ output, cwd }: Context, { strict = false }: { strict?: boolean }): Promise<Outcome> {
  const stateDir = stateDirOf(cwd)
  const state = await showProgress(output, (onProgress) => startLocal({ stateDir, strict, fsync: true, onProgress }))
  if (strict && !state.strict) {
    const hint = 'stop it first with `lockstep local down`'
    throw new LockstepError('USAGE', 'an embedded cloud runs here already, without --strict', { hint })
  }
  const mode = state.strict ? ', and refuses targets that were not declared' : ''
  output.line(
    `${output.paint('green', '✓')} the embedded cloud is up${mode}; lockstep uses it in this folder from now on`,
  )
  const rows = Object.entries(state.environment).map(([name, value]) => [`  ${output.paint('dim', name)}`, value])
  for (const line of table(rows)) output.line(line)
  output.line(`${output.paint('cyan', '→')} stop it with \`lockstep local down\``)
  return succeeded({ stateDir, environment: state.environment })
}

import { LockstepError } from '../../functions/domain/errors.ts'
import type { RunId, TargetName } from '../../functions/domain/types.ts'
import type { StatusAnswer } from '../../functions/engine/status.ts'
import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { connect } from '../cli/connection.ts'
import { readLedger } from '../cli/ledger.ts'
import type { PlaceOption } from '../cli/options.ts'
import type { AskStatus } from '../cli/ports.ts'
import { statusText } from '../cli/status-text.ts'

interface StatusInput extends PlaceOption {
  readonly target: TargetName
  readonly run?: RunId
}

/**
 * Shows what a target is doing and what became of it, as the ledger tells it; the database is not asked.
 *
 * A run that failed is shown, and is no failure of this command.
 *
 * @throws LockstepError TARGET_UNKNOWN, USAGE (also for a run that the target does not have), LOCAL_NOT_RUNNING,
 *   AWS_UNREACHABLE, AWS_DENIED
 */
export async function status(context: Context, input: StatusInput): Promise<Outcome> {
  const cloud = await connect(context, input)
  const { target, lock, chain, runs, ledger } = await readAll(cloud.status, input)
  for (const line of statusText({ target, lock, chain, runs, ledger }, context.output)) context.output.line(line)
  return succeeded({ target, lock, chain, runs, ledger })
}

const readAll = async (ask: AskStatus, { target, run }: StatusInput): Promise<Omit<StatusAnswer, 'events'>> => {
  if (run === undefined) return { ...(await ask({ target })), ledger: await readLedger(ask, target) }
  const answer = await ask({ target, run })
  if (answer.runs.length > 0) return answer
  throw new LockstepError('USAGE', `target "${target}" has no run ${run}`, {
    hint: `\`lockstep status --target ${target}\` lists the newest ones; a run that was just pushed may still be in the queue`,
  })
}

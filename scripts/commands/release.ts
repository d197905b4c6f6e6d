import { migrationName, type TargetName } from '../../functions/domain/types.ts'
import { claimedActor } from '../cli/claimed-actor.ts'
import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { connect } from '../cli/connection.ts'
import type { PlaceOption } from '../cli/options.ts'

interface ReleaseInput extends PlaceOption {
  readonly target: TargetName
  readonly reason: string
  /** All that are held back, when none is named. */
  readonly migrations: readonly string[]
}

/**
 * Lets migrations that were rolled back be applied again by the next push.
 *
 * @throws LockstepError RELEASE_NEEDLESS, TARGET_UNKNOWN, and what the database says when it does not answer
 */
export async function release(context: Context, input: ReleaseInput): Promise<Outcome> {
  const { output } = context
  const { target, reason } = input
  const migrations = input.migrations.map(migrationName)
  const cloud = await connect(context, input)
  const actor = claimedActor(context)
  const answer = await cloud.rollback.release({ action: 'release', target, migrations, reason, actor })
  for (const name of answer.released) output.line(`released: ${name}`)
  output.line(answer.released.length === 0 ? 'nothing is held back' : 'the next push applies them')
  return succeeded(answer)
}

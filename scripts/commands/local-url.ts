import type { TargetName } from '../../functions/domain/types.ts'
import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { requireLocal } from '../cli/local-cloud.ts'
import { localUrl as urlOf } from '../local/daemon.ts'

/**
 * Prints the URL of a target's database in the embedded cloud, and nothing else: for `psql "$(lockstep local url …)"`.
 *
 * @throws LockstepError LOCAL_NOT_RUNNING
 */
export async function localUrl(
  { output, cwd }: Context,
  { target }: { readonly target: TargetName },
): Promise<Outcome> {
  const url = urlOf(await requireLocal(cwd), target)
  if (!output.json) output.line(url)
  return succeeded({ target, url })
}

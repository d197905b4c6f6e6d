import { LockstepError } from '../../functions/domain/errors.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import type { AskStatus } from './ports.ts'

/** Reads the seq of a target's newest audit event; 0 for a target that nobody has met yet. */
export async function lastEventSeq(ask: AskStatus, target: TargetName): Promise<number> {
  try {
    return (await ask({ target })).chain.seq
  } catch (thrown) {
    if (thrown instanceof LockstepError && thrown.code === 'TARGET_UNKNOWN') return 0
    throw thrown
  }
}

import { refuseLedgerAhead, refuseOtherDatabase } from '../domain/drift.ts'
import { LockstepError } from '../domain/errors.ts'
import type { ChainHead } from '../domain/records.ts'
import { type TargetName, token } from '../domain/types.ts'
import type { OperatorPorts } from './operator-act.ts'
import type { TargetSession } from './target-database.ts'

/** A session without a lease on the database that LOCK and CHAIN know; for reading, and for copying what is true. */
export interface KnownDatabase extends AsyncDisposable {
  readonly session: TargetSession
  /** True when it was never migrated; it has no schema `lockstep` then. */
  readonly isNew: boolean
  /** The chain as it was before the database was looked at. */
  readonly chain: ChainHead
}

/**
 * Opens a target's database without a lease, and refuses one that is not the one that LOCK and CHAIN know.
 *
 * @throws LockstepError TARGET_UNKNOWN, DRIFT, FENCE_REGRESSION, TARGET_WRONG, and what the database says when it does not answer
 */
export async function openKnownDatabase(
  { control, database }: Pick<OperatorPorts, 'control' | 'database'>,
  target: TargetName,
): Promise<KnownDatabase> {
  const [settings, lock] = await Promise.all([control.readSettings(target), control.readLock(target)])
  if (settings === undefined) throw new LockstepError('TARGET_UNKNOWN', `no target is named "${target}"`)
  const session = await database.connect(settings, lock?.token ?? token(0))
  try {
    const chain = await control.readChain(target)
    const fences = await session.readFences()
    // LOCK grows before the fence does, and its `raised` after: so one is read before the fences, and the other after.
    const highest = (await control.readLock(target))?.token ?? token(0)
    refuseOtherDatabase(fences, { target, attachedOnce: false, ...lock, highest })
    const isNew = fences.length === 0
    refuseLedgerAhead(chain.projected, isNew ? null : (await session.readState()).head)
    return { session, isNew, chain, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() }
  } catch (error) {
    await session[Symbol.asyncDispose]()
    throw error
  }
}

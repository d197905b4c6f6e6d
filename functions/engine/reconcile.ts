import { refuseLedgerAhead, refuseOtherDatabase } from '../domain/drift.ts'
import { asLockstepError, LockstepError, toFailure } from '../domain/errors.ts'
import type { ChainHead } from '../domain/records.ts'
import { token } from '../domain/types.ts'
import type { OperatorPorts } from './operator-act.ts'
import { makeProjector } from './project.ts'
import { showActor } from './run-context.ts'
import type { ReconcileAnswer, ReconcileRequest } from './runner-contract.ts'
import type { TargetSession } from './target-database.ts'

/**
 * Copies whatever receipts the ledger lacks, without a run and without a lease: copying what is true needs none. A database that is
 * not the one that LOCK and CHAIN know is told as drift, and nothing of it is copied. Never writes to PostgreSQL.
 *
 * @throws LockstepError TARGET_UNKNOWN, AUDIT_BROKEN, and what the database says when it does not answer
 */
export async function reconcile(ports: OperatorPorts, request: ReconcileRequest): Promise<ReconcileAnswer> {
  const { control, database } = ports
  const { target } = request
  const [settings, lock] = await Promise.all([control.readSettings(target), control.readLock(target)])
  if (settings === undefined) throw new LockstepError('TARGET_UNKNOWN', `no target is named "${target}"`)
  await using session = await database.connect(settings, lock?.token ?? token(0))
  const before = await control.readChain(target)
  try {
    const fences = await session.readFences()
    // LOCK grows before the fence does, and its `raised` after: so one is read before the fences, and the other after.
    const highest = (await control.readLock(target))?.token ?? token(0)
    refuseOtherDatabase(fences, { target, attachedOnce: false, ...lock, highest })
    if (fences.length === 0) refuseLedgerAhead(before.projected, null)
    const copy = fences.length === 0 ? nothing(before) : await copyMissing({ ...ports, request, session, before })
    return { target, ...copy }
  } catch (thrown) {
    const error = asLockstepError(thrown)
    if (!driftCodes.has(error.code)) throw error
    return { target, ...nothing(before), drift: toFailure(error) }
  }
}

const driftCodes: ReadonlySet<string> = new Set(['DRIFT', 'FENCE_REGRESSION', 'TARGET_WRONG'])

type Copy = Pick<ReconcileAnswer, 'copied' | 'chain'>

const nothing = (chain: ChainHead): Copy => ({ copied: 0, chain })

interface Copying extends OperatorPorts {
  readonly request: ReconcileRequest
  readonly session: TargetSession
  /** The chain as it was before the receipts were looked at. */
  readonly before: ChainHead
}

async function copyMissing({ control, request, session, before }: Copying): Promise<Copy> {
  const { target, actor } = request
  refuseLedgerAhead(before.projected, (await session.readState()).head)
  let copied = 0
  const project: typeof control.project = async (projection) => {
    const answer = await control.project(projection)
    if (answer !== 'moved') copied += projection.receipts.length
    return answer
  }
  const projector = makeProjector({ control: { ...control, project }, session, target, actor: showActor(actor) })
  return { chain: await projector.catchUp(), copied }
}

import { driftCodes } from '../domain/drift.ts'
import { asLockstepError, toFailure } from '../domain/errors.ts'
import { openKnownDatabase } from './known-database.ts'
import type { OperatorPorts } from './operator-act.ts'
import { makeProjector } from './project.ts'
import { showActor } from './run-context.ts'
import type { ReconcileAnswer, ReconcileRequest } from './runner-contract.ts'
import type { TargetSession } from './target-database.ts'

/**
 * Copies whatever receipts the ledger lacks, without a run and without a lease: copying what is true needs none. A database that is
 * not the one that LOCK and CHAIN know is told as drift, and nothing of it is copied. Looks for invalid indexes too. Never writes to
 * PostgreSQL.
 *
 * @throws LockstepError TARGET_UNKNOWN, AUDIT_BROKEN, and what the database says when it does not answer
 */
export async function reconcile(ports: OperatorPorts, request: ReconcileRequest): Promise<ReconcileAnswer> {
  const { target } = request
  try {
    await using known = await openKnownDatabase(ports, target)
    const { session, isNew, chain } = known
    const invalidIndexes = await session.invalidIndexes()
    const reconciled = isNew ? { copied: 0, chain } : await copyMissing(ports, request, session)
    return { target, ...reconciled, invalidIndexes }
  } catch (thrown) {
    const error = asLockstepError(thrown)
    if (!driftCodes.has(error.code)) throw error
    const chain = await ports.control.readChain(target)
    return { target, copied: 0, chain, invalidIndexes: [], drift: toFailure(error) }
  }
}

async function copyMissing(
  { control }: OperatorPorts,
  { target, actor }: ReconcileRequest,
  session: TargetSession,
): Promise<Pick<ReconcileAnswer, 'copied' | 'chain'>> {
  let copied = 0
  const project: typeof control.project = async (projection) => {
    const answer = await control.project(projection)
    if (answer !== 'moved') copied += projection.receipts.length
    return answer
  }
  const projector = makeProjector({ control: { ...control, project }, session, target, actor: showActor(actor) })
  return { chain: await projector.catchUp(), copied }
}

import type { AuditDraft } from '../domain/audit.ts'
import { LockstepError } from '../domain/errors.ts'
import { listNames } from '../domain/names.ts'
import type { LedgerEntry } from '../domain/records.ts'
import type { MigrationName } from '../domain/types.ts'
import { openKnownDatabase } from './known-database.ts'
import { actIdOf, type OperatorPorts } from './operator-act.ts'
import { makeProjector } from './project.ts'
import { showActor } from './run-context.ts'
import type { ReleaseAnswer, ReleaseRequest } from './runner-contract.ts'

/** An entry a migration, and one event, in one transaction. */
const mostAtOnce = 40

/**
 * Lets migrations that were rolled back be applied again: marks their ledger entries, and tells it in the audit stream, in one
 * transaction each. The mark belongs to that one rollback; after the next one they are held back again.
 *
 * @throws LockstepError TARGET_UNKNOWN, RELEASE_NEEDLESS naming those that are not held back; what `openKnownDatabase` throws
 */
export async function release(ports: OperatorPorts, request: ReleaseRequest): Promise<ReleaseAnswer> {
  const { control } = ports
  const { target, actor } = request
  await using known = await openKnownDatabase(ports, target)
  // Nothing was rolled back in a database that was never migrated; what happens to it from here on is not what was asked about.
  if (known.isNew) return { target, released: heldBack([], request.migrations).map(({ migration }) => migration) }
  for (;;) {
    // A new one each time, since it reads the chain only once: after a write, refused or not, that is not how the chain is.
    const projector = makeProjector({ control, session: known.session, target, actor: showActor(actor) })
    const seen = await projector.catchUp()
    const entries = heldBack(await control.readLedger(target), request.migrations)
    const fresh = entries.filter(({ releasedAt }) => releasedAt === undefined).slice(0, mostAtOnce)
    if (fresh.length === 0) return { target, released: entries.map(({ migration }) => migration) }
    const releases = fresh.map((entry) => ({ ...entry, releasedAt: ports.clock.now() }))
    const event = { ...told(request, fresh), at: ports.clock.now() }
    await control.project({ target, seen, receipts: [], events: [event], releases })
  }
}

/** What of the ledger was rolled back and is asked for; a name that is not is refused, since it would release nothing. */
function heldBack(ledger: readonly LedgerEntry[], wished: readonly MigrationName[]): readonly LedgerEntry[] {
  const reverted = new Map(ledger.filter(({ state }) => state === 'REVERTED').map((entry) => [entry.migration, entry]))
  const strange = wished.filter((name) => !reverted.has(name))
  if (strange.length > 0) {
    const held = reverted.size === 0 ? 'nothing is' : `held back: ${listNames([...reverted.keys()])}`
    throw new LockstepError('RELEASE_NEEDLESS', `not held back: ${listNames(strange)}; ${held}`, { names: strange })
  }
  return wished.length === 0 ? [...reverted.values()] : wished.flatMap((name) => reverted.get(name) ?? [])
}

const told = ({ actor, reason }: ReleaseRequest, released: readonly LedgerEntry[]): Omit<AuditDraft, 'at'> => ({
  type: 'migration.released',
  run: actIdOf(actor),
  actor: showActor(actor),
  data: { reason, migrations: released.map(({ migration }) => migration) },
})

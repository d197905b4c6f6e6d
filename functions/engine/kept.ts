import type { AuditDraft } from '../domain/audit.ts'
import { LockstepError } from '../domain/errors.ts'
import type { KeptTable } from '../domain/kept-table.ts'
import { laterBy } from '../domain/types.ts'
import { openKnownDatabase } from './known-database.ts'
import { actIdOf, type OperatorPorts } from './operator-act.ts'
import { makeProjector } from './project.ts'
import { showActor } from './run-context.ts'
import type { KeptAnswer, KeptRequest } from './runner-contract.ts'
import type { TargetSession } from './target-database.ts'

/**
 * Lists what migrations dropped and is still kept, or drops it for good. What a half applied migration keeps is never dropped.
 *
 * Nothing is dropped without its audit event: it is appended before the commit. An event without a drop is possible, if the database
 * goes away between the two; the list then shows the tables still.
 *
 * @throws LockstepError TARGET_UNKNOWN; LEASE_HELD while a run works, and TARGET_FROZEN, for a drop; what `openKnownDatabase` throws
 */
export async function kept(ports: OperatorPorts, request: KeptRequest): Promise<KeptAnswer> {
  const { target } = request
  await using known = await openKnownDatabase(ports, target)
  if (request.action === 'kept-list') return { target, tables: await olderTables(ports, request, known.session) }
  if (known.isNew) return { target, tables: [] }
  await refuseFrozen(ports, request)
  await takeLock(known.session)
  return { target, tables: await drop(ports, request, known.session) }
}

async function olderTables(
  { clock }: OperatorPorts,
  { olderThanMs }: KeptRequest,
  session: TargetSession,
): Promise<readonly KeptTable[]> {
  const newest = laterBy(clock.now(), -olderThanMs)
  return (await session.keptTables()).filter(({ at }) => at <= newest)
}

async function refuseFrozen({ control }: OperatorPorts, { target }: KeptRequest): Promise<void> {
  const lock = await control.readLock(target)
  if (lock?.lockState !== 'FROZEN' && lock?.lockState !== 'FREEZING') return
  throw new LockstepError('TARGET_FROZEN', `${target} is frozen${lock.reason === undefined ? '' : `: ${lock.reason}`}`)
}

/** As long as the session has it, no step keeps anything or puts it back. */
async function takeLock(session: TargetSession): Promise<void> {
  const tried = await session.tryLock()
  if (tried.granted) return
  const holder =
    tried.holder === undefined ? 'another session' : `${tried.holder.applicationName} (${tried.holder.state})`
  throw new LockstepError('LEASE_HELD', `${holder} holds the advisory lock`)
}

async function drop(ports: OperatorPorts, request: KeptRequest, session: TargetSession): Promise<readonly KeptTable[]> {
  const { target, actor } = request
  const projector = makeProjector({ control: ports.control, session, target, actor: showActor(actor) })
  for (;;) {
    await projector.catchUp()
    const tables = (await olderTables(ports, request, session)).filter(({ open }) => !open)
    if (tables.length === 0) return tables
    const event = { ...told(request, tables), at: ports.clock.now() }
    const agree = async () => ((await projector.append([event])) === 'done' ? 'commit' : 'undo')
    const names = tables.map(({ name }) => name)
    if ((await session.dropKept(names, agree)) === 'commit') return tables
  }
}

/** An item takes 400 kB. */
const mostTold = 100

const told = ({ actor }: KeptRequest, tables: readonly KeptTable[]): Omit<AuditDraft, 'at'> => ({
  type: 'kept.dropped',
  run: actIdOf(actor),
  actor: showActor(actor),
  data: {
    count: tables.length,
    tables: tables.slice(0, mostTold).map(({ migration, table, columns, rows }) => ({
      ...{ migration, table, rows },
      columns: columns?.slice(0, mostColumns),
    })),
  },
})

const mostColumns = 20

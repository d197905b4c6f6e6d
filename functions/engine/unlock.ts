import { refuseOtherDatabase } from '../domain/drift.ts'
import { asLockstepError, LockstepError } from '../domain/errors.ts'
import type { Backend, ChainHead, LockRecord } from '../domain/records.ts'
import { token } from '../domain/types.ts'
import { acceptDatabase, endOfChain } from './accept-database.ts'
import { frozen } from './lease.ts'
import { type Act, actIdOf, type OperatorPorts, tell, writeOf } from './operator-act.ts'
import { showActor } from './run-context.ts'
import type { OperatorWish, UnlockAnswer, UnlockRequest } from './runner-contract.ts'
import { endOlder, raiseAgainstOlder } from './shut-out.ts'
import type { Deadline } from './system.ts'
import { waitForSilence } from './wait-for-silence.ts'

/** A lock that changes hands this often between two looks is used by runs that do well. */
const mostRounds = 5

/**
 * Breaks the glass: takes a target's lease away from whoever holds it, so that nothing that was started before can commit.
 *
 * ```
 * LOCK   HELD ─────────▶ FREEZING, token + 1 ───────────────────────────────▶ FREE or FROZEN
 *            watched for a lease │                                               ▲
 * PostgreSQL                     └▶ fence raised (waits for who commits) ─▶ older backends ended
 * ```
 *
 * A crash leaves FREEZING, in which no run gets a lease; the same wish again goes on with another token. So does a wish that
 * failed because the database did not answer: only FROZEN is frozen.
 *
 * @throws LockstepError TARGET_UNKNOWN; LEASE_HELD while the holder lives; TARGET_FROZEN for `unlock` and `accept-database`; DRIFT,
 *   FENCE_REGRESSION, TARGET_WRONG (but for `accept-database`), and what the database says; after FREEZING, the message tells so
 */
export async function unlock(ports: OperatorPorts, request: UnlockRequest, deadline: Deadline): Promise<UnlockAnswer> {
  const { control, random } = ports
  const { target, wish } = request
  const settings = await control.readSettings(target)
  if (settings === undefined) throw new LockstepError('TARGET_UNKNOWN', `no target is named "${target}"`)
  const act: Act = { ...ports, request, settings, deadline, id: actIdOf(request.actor), worker: random.workerId() }

  const before = await control.readLock(target)
  if (before?.lockState === 'FROZEN' && (wish === 'unlock' || wish === 'accept-database')) throw frozen(before)
  const done = isAsWished(wish, before) ? notNeeded : await fulfil(act, before)
  const lock = await control.readLock(target)
  return { target, wish, before: before ?? null, lock: lock ?? null, ...done }
}

type Done = Pick<UnlockAnswer, 'changed' | 'ended' | 'accepted'>

const notNeeded: Done = { changed: false, ended: [] }

function isAsWished(wish: OperatorWish, lock: LockRecord | undefined): boolean {
  switch (wish) {
    case 'unlock':
      return lock === undefined || lock.lockState === 'FREE'
    case 'freeze':
      return lock?.lockState === 'FROZEN'
    case 'thaw':
      return lock?.lockState !== 'FROZEN' && lock?.lockState !== 'FREEZING'
    case 'accept-database':
      return false
  }
}

async function fulfil(act: Act, before: LockRecord | undefined): Promise<Done> {
  if (before?.lockState === 'FROZEN') return await thaw(act, before)
  const lock = await takeAway(act, before)
  try {
    return act.request.wish === 'accept-database'
      ? { changed: true, ...(await acceptDatabase(act, lock)) }
      : await shutOut(act, lock)
  } catch (thrown) {
    throw staysFreezing(asLockstepError(thrown), lock)
  }
}

async function thaw(act: Act, { token: seen }: LockRecord): Promise<Done> {
  const thawed = await act.control.thaw({ ...writeOf(act, tell(act, 'lock.thawed', { token: seen })), token: seen })
  if (thawed === 'moved') throw overtaken(act)
  return { changed: true, ended: [] }
}

/** LOCK → FREEZING, once its holder was silent for a whole lease. */
async function takeAway(act: Act, first: LockRecord | undefined): Promise<LockRecord> {
  const { control, request } = act
  let lock = await waitForSilence(act, first)
  for (let round = 1; round <= mostRounds; round++) {
    const mend = request.wish === 'accept-database' ? await endOfChain(act) : undefined
    const frozen = await beginFreeze(act, lock, mend)
    if (frozen !== 'moved') return frozen
    lock = await waitForSilence(act, await control.readLock(request.target))
  }
  throw new LockstepError('LEASE_HELD', `the lock of ${request.target} changed hands ${mostRounds} times meanwhile`)
}

type Mend = { readonly seen: ChainHead; readonly end: ChainHead }

function beginFreeze(act: Act, seen: LockRecord | undefined, mend: Mend | undefined): Promise<LockRecord | 'moved'> {
  const { request, settings, random } = act
  const { wish, force, reason, actor } = request
  const next = token((seen?.token ?? 0) + 1)
  const from = { fromState: seen?.lockState, fromRun: seen?.ownerRun, fromToken: seen?.token }
  const mended = mend === undefined ? {} : { chainFrom: mend.seen.seq }
  const event = tell(act, 'lock.freezing', { token: next, wish, force, ...from, ...mended })
  return act.control.beginFreeze({
    ...writeOf(act, event),
    seen: seen === undefined ? null : { token: seen.token, revision: seen.revision },
    token: next,
    revision: random.revision(),
    leaseMs: settings.leaseMs,
    reason: `${showActor(actor)}: ${reason}`,
    ...(mend !== undefined && { mend }),
  })
}

/** The fence is looked at before it is raised: afterwards it would not tell any more that the database is another one. */
async function shutOut(act: Act, lock: LockRecord): Promise<Done> {
  const { database, settings, control, request } = act
  await using session = await database.connect(settings, lock.token)
  refuseOtherDatabase(await session.readFences(), { ...lock, highest: token(lock.token - 1) })
  await session.ensureSchema()
  const stopped = await raiseAgainstOlder(act, session, lock)
  const ended = [...stopped, ...(await endOlder(act, session, lock))]
  const [lockState, type] =
    request.wish === 'freeze' ? (['FROZEN', 'lock.frozen'] as const) : (['FREE', 'lock.freed'] as const)
  const event = tell(act, type, { token: lock.token, ended: ended.map(shown) })
  if ((await control.endFreeze({ ...writeOf(act, event), token: lock.token, lockState })) === 'moved')
    throw overtaken(act)
  return { changed: true, ended }
}

const shown = ({ pid, startedAt }: Backend): string => `${pid} since ${startedAt}`

const overtaken = ({ request }: Act): LockstepError =>
  new LockstepError('LEASE_LOST', `another operator went on with ${request.target}`)

/** Says what state the target is in, beside what went wrong. */
function staysFreezing(error: LockstepError, { target }: LockRecord): LockstepError {
  if (error.code === 'LEASE_LOST') return error
  const again = error.kind === 'unreachable' || error.kind === 'held'
  const hint = again ? 'run the same command again; until it ends well, no run gets the target' : error.hint
  return new LockstepError(error.code, `${target} stays FREEZING: ${error.message}`, {
    ...error.details,
    hint,
    cause: error,
  })
}

import { followChain } from '../domain/audit-chain.ts'
import { LockstepError } from '../domain/errors.ts'
import { correctLedger } from '../domain/ledger.ts'
import { type CopiedReceipt, compareReceiptKeys, copyOf, type Receipt, type ReceiptKey } from '../domain/receipt.ts'
import type { Backend, ChainHead, LedgerEntry, LockRecord } from '../domain/records.ts'
import { token } from '../domain/types.ts'
import { maxReceipts } from './control-store.ts'
import { type Act, leaseOf, tell, writeOf } from './operator-act.ts'
import { makeProjector } from './project.ts'
import { showActor } from './run-context.ts'
import type { AcceptedDatabase } from './runner-contract.ts'
import { endOlder, raiseAgainstOlder } from './shut-out.ts'
import type { TargetSession } from './target-database.ts'

const pageOfEvents = 500
const pageOfReceipts = 1_000

/**
 * Reads where the audit table ends, when the control table's chain ends before it: the control table was restored. Undefined when
 * both end at the same event.
 *
 * @throws LockstepError AUDIT_BROKEN when the events beyond the chain do not follow from it
 */
export async function endOfChain({ control, request }: Act): Promise<{ seen: ChainHead; end: ChainHead } | undefined> {
  const seen = await control.readChain(request.target)
  let end = seen
  for (;;) {
    const events = await control.readAudit(request.target, end.seq, pageOfEvents)
    if (events.length === 0) return end.seq === seen.seq ? undefined : { seen, end }
    end = followChain(end, events)
  }
}

/**
 * Takes the database as it is for the target's own, after an operator decided that it is: PostgreSQL wins. The token rises above
 * everything that the database has seen, the fence is this target's alone, the ledger is rewritten from the receipts, and the chain
 * goes on copying from the newest receipt that it has told of.
 *
 * Every step can be repeated; LOCK stays FREEZING until all is done.
 */
export async function acceptDatabase(
  act: Act,
  first: LockRecord,
): Promise<{ readonly ended: readonly Backend[]; readonly accepted: AcceptedDatabase }> {
  const { database, settings, request, control } = act
  await using session = await database.connect(settings, first.token)
  await session.ensureSchema()
  const lock = await riseAbove(act, session, first)
  const stopped = await raiseAgainstOlder(act, session, lock, () => session.acceptFence(leaseOf(act, lock)))
  const ended = [...stopped, ...(await endOlder(act, session, lock))]
  const receipts = await allReceipts(session)
  const accepted = await rewrite(act, lock, receipts)
  await makeProjector({ control, session, target: request.target, actor: showActor(request.actor) }).catchUp()
  return { ended, accepted }
}

/** A token that the database has seen, in a fence or in a receipt, was given out in another past. */
async function riseAbove(act: Act, session: TargetSession, lock: LockRecord): Promise<LockRecord> {
  const fences = await session.readFences()
  const { head } = await session.readState()
  const highest = Math.max(head?.token ?? 0, ...fences.map((row) => row.token))
  if (lock.token > highest) return lock
  const next = token(highest + 1)
  const risen = await act.control.beginFreeze({
    ...writeOf(act, tell(act, 'lock.freezing', { token: next, wish: act.request.wish, fromToken: lock.token })),
    seen: lock,
    token: next,
    revision: act.random.revision(),
    leaseMs: lock.leaseMs,
    reason: lock.reason ?? act.request.reason,
  })
  if (risen === 'moved') throw overtaken(lock)
  return risen
}

async function allReceipts(session: TargetSession): Promise<readonly Receipt[]> {
  const receipts: Receipt[] = []
  for (;;) {
    const page = await session.receiptsAfter(receipts.at(-1)?.key ?? null, pageOfReceipts)
    if (page.length === 0) return receipts
    receipts.push(...page)
  }
}

/** Ledger first, then LOCK and CHAIN: whoever else moves the chain meanwhile, it is read again. */
async function rewrite(act: Act, lock: LockRecord, receipts: readonly Receipt[]): Promise<AcceptedDatabase> {
  const { control, request } = act
  const head = receipts.at(-1)?.key ?? null
  for (;;) {
    const chain = await control.readChain(request.target)
    const told = receipts.filter(({ key }) => isTold(key, chain))
    const copied = receipts.length - told.length
    const newest = told.at(-1)
    const projected = newest === undefined ? null : copyOf(newest)
    const entries = wrong(await control.readLedger(request.target), receipts, told)
    const lost = entries.filter(({ state }) => state === 'LOST').map(({ migration }) => migration)
    const accepted = { head, rewritten: entries.length, lost, copied }
    if (await write(act, { lock, chain, projected, entries, accepted })) return accepted
    const now = await control.readLock(request.target)
    if (now?.lockState !== 'FREEZING' || now.token !== lock.token) throw overtaken(lock)
  }
}

/** What only the projection of receipts that were never told would write is left to it. */
function wrong(
  ledger: readonly LedgerEntry[],
  receipts: readonly Receipt[],
  told: readonly Receipt[],
): readonly LedgerEntry[] {
  const known = new Set(told.map(({ migration }) => migration))
  return correctLedger(ledger, receipts).filter(({ state, migration }) => state === 'LOST' || known.has(migration))
}

interface Rewriting {
  readonly lock: LockRecord
  readonly chain: ChainHead
  readonly projected: CopiedReceipt | null
  readonly entries: readonly LedgerEntry[]
  readonly accepted: AcceptedDatabase
}

/** False when the chain has moved. */
async function write(act: Act, { lock, chain, projected, entries, accepted }: Rewriting): Promise<boolean> {
  const { control, request } = act
  for (let from = 0; from < entries.length; from += maxReceipts) {
    const page = entries.slice(from, from + maxReceipts)
    if ((await control.rewriteLedger(request.target, chain, page)) === 'moved') return false
  }
  const { head, rewritten, lost, copied } = accepted
  const data = {
    head: show(head),
    projected: projected && { ...projected },
    rewritten,
    lost: lost.slice(0, shownNames),
    copied,
  }
  const event = tell(act, 'lock.database-accepted', { token: lock.token, ...data, lostCount: lost.length })
  const order = { ...writeOf(act, event), token: lock.token, seen: chain, projected }
  return (await control.acceptDatabase(order)) === 'done'
}

/** An event is a small item. */
const shownNames = 50

const show = (key: ReceiptKey | null): string | null => (key === null ? null : `${key.token}.${key.n}`)

const isTold = (key: ReceiptKey, { projected }: ChainHead): boolean =>
  projected !== null && compareReceiptKeys(key, projected) <= 0

const overtaken = ({ target }: LockRecord): LockstepError =>
  new LockstepError('LEASE_LOST', `another operator went on with ${target}`)

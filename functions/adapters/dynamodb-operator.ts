import type { LockRecord } from '../domain/records.ts'
import { type Revision, revision } from '../domain/types.ts'
import type { Acceptance, ControlStore, FreezeEnd, FreezeOrder, OperatorAct } from '../engine/control-store.ts'
import { appendOnce, appendWith, type ControlTables, readChain } from './dynamodb-chain.ts'
import { lockIsAbsent, lockIsAsSeen, lockIsFreezingByThisAct, lockIsFrozenAsSeen } from './dynamodb-conditions.ts'
import { updateOf } from './dynamodb-expressions.ts'
import { type Fields, isFields } from './dynamodb-fields.ts'
import { lockKey, toLock } from './dynamodb-items.ts'
import { rewriteLedger } from './dynamodb-ledger.ts'
import type { NamedWrite, Refusals } from './dynamodb-requests.ts'

type OperatorActs = 'beginFreeze' | 'endFreeze' | 'thaw' | 'acceptDatabase' | 'rewriteLedger'

/** What an operator does past the lease; a run whose lease is taken away this way is left as it is. */
export const operatorActs = (tables: ControlTables): Pick<ControlStore, OperatorActs> => ({
  beginFreeze: (order) => beginFreeze(tables, order),
  endFreeze: (order) => endFreeze(tables, order),
  thaw: async (act) => {
    const condition = { condition: lockIsFrozenAsSeen, values: { ':seenToken': act.token } }
    const writes = [lockWrite(tables, act, { set: { ...leaving(act, 'FREE'), reason: undefined }, ...condition })]
    return settled(act, await append(tables, act, writes))
  },
  acceptDatabase: (order) => acceptDatabase(tables, order),
  rewriteLedger: (target, seen, entries) => rewriteLedger(tables, { target, seen, entries }),
})

async function beginFreeze(tables: ControlTables, order: FreezeOrder): Promise<LockRecord | 'moved'> {
  const { seen, token, worker, at, leaseMs, reason, target, mend, events } = order
  const set = {
    ...nobody,
    lockState: 'FREEZING',
    token,
    worker,
    revision: order.revision,
    leaseMs,
    heartbeatAt: at,
    reason,
  }
  const condition =
    seen === null
      ? { condition: lockIsAbsent }
      : { condition: lockIsAsSeen, values: { ':seenToken': seen.token, ':seenRevision': seen.revision } }
  const writes = [lockWrite(tables, order, { set, ...condition })]
  const refused =
    mend === undefined
      ? await append(tables, order, writes)
      : await appendOnce(tables, { target, seen: mend.seen, next: mend.end, end: mend.end, events, writes })
  if (refused !== undefined && !refused.has('lock')) return 'moved'
  const item = refused?.get('lock') ?? (await tables.requests.get(tables.controlTable, lockKey(target)))
  const isMine = item?.lockState === 'FREEZING' && item.worker === worker && item.token === token
  return isMine ? toLock(item) : 'moved'
}

async function endFreeze(tables: ControlTables, order: FreezeEnd): Promise<'done' | 'moved'> {
  const { lockState, at } = order
  const rest = lockState === 'FREE' ? { reason: undefined } : { heartbeatAt: at }
  const set = { ...leaving(order, lockState), ...raised(order), ...rest }
  return settled(order, await append(tables, order, [lockWrite(tables, order, { set, ...mine(order) })]))
}

async function acceptDatabase(tables: ControlTables, order: Acceptance): Promise<'done' | 'moved'> {
  const { target, seen, projected, events } = order
  const set = { ...leaving(order, 'FREE'), ...raised(order), reason: undefined }
  const writes = [lockWrite(tables, order, { set, ...mine(order) })]
  return settled(order, await appendOnce(tables, { target, seen, next: { projected }, events, writes }))
}

/** Nobody holds the lease any more; `backend` is kept, since it may have to be ended. */
const nobody = {
  ownerRun: undefined,
  worker: undefined,
  heartbeatAt: undefined,
  expiresHint: undefined,
  phase: undefined,
  migration: undefined,
} as const

/** LOCK remembers which act left it last, so that a repeated one is answered as the first time, even when others came since. */
const leaving = ({ worker }: OperatorAct, lockState: 'FREE' | 'FROZEN'): Fields => ({
  ...nobody,
  lockState,
  revision: revisionOf(worker, lockState),
  left: { worker, lockState },
})

/** An act lets go once, so this revision is as new as a random one. */
const revisionOf = (worker: string, lockState: string): Revision => revision(`${worker}.${lockState.toLowerCase()}`)

const raised = ({ token }: { readonly token: number }): Fields => ({ raised: token, attachedOnce: true })

interface Condition {
  readonly condition: string
  readonly values?: Fields
}

const mine = ({ worker, token }: OperatorAct & { readonly token: number }): Condition => ({
  condition: lockIsFreezingByThisAct,
  values: { ':me': worker, ':mine': token },
})

const lockWrite = (
  { controlTable }: ControlTables,
  { target }: OperatorAct,
  change: Condition & { readonly set: Fields },
): NamedWrite => ({
  name: 'lock',
  Update: updateOf(controlTable, {
    key: lockKey(target),
    ...change,
    ...(!('attachedOnce' in change.set) && { setOnce: { attachedOnce: false } }),
  }),
})

const append = async (
  tables: ControlTables,
  { target, events }: OperatorAct,
  writes: readonly NamedWrite[],
): Promise<Refusals | undefined> =>
  appendWith(tables, { target, seen: await readChain(tables, target), events, writes })

/** `done` when it happened, now or at an earlier try whose answer was lost. */
function settled({ worker }: OperatorAct, refused: Refusals | undefined): 'done' | 'moved' {
  if (refused === undefined) return 'done'
  const left = refused.get('lock')?.left
  return isFields(left) && left.worker === worker ? 'done' : 'moved'
}

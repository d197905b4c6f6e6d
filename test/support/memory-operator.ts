import { isDeepStrictEqual } from 'node:util'
import type { LockRecord } from '../../functions/domain/records.ts'
import { type Revision, revision, type TargetName } from '../../functions/domain/types.ts'
import type { ControlStore, FreezeOrder, OperatorAct } from '../../functions/engine/control-store.ts'
import { append, type TargetRecords } from './memory-records.ts'

type OperatorActs = Pick<ControlStore, 'beginFreeze' | 'endFreeze' | 'thaw' | 'acceptDatabase' | 'rewriteLedger'>

/** What an operator does past the lease. */
export const memoryOperator = (of: (target: TargetName) => TargetRecords): OperatorActs => ({
  async beginFreeze(order) {
    const records = of(order.target)
    const { lock } = records
    if (lock?.lockState === 'FREEZING' && lock.worker === order.worker && lock.token === order.token) return lock
    if (!isAsSeen(lock, order)) return 'moved'
    const { mend } = order
    if (mend !== undefined) {
      if (!isDeepStrictEqual(records.chain, mend.seen)) return 'moved'
      records.chain = mend.end
    }
    append(records, order.target, order.events)
    records.lock = freezing(lock, order)
    return records.lock
  },
  async endFreeze(order) {
    const records = of(order.target)
    if (!isMine(records.lock, order)) return settled(records, order)
    append(records, order.target, order.events)
    const { lock } = records
    const raised = { raised: order.token, attachedOnce: true }
    records.lock =
      order.lockState === 'FREE'
        ? { ...withoutReason(nobody(lock)), ...raised, ...left(records, order, 'FREE') }
        : { ...nobody(lock), heartbeatAt: order.at, ...raised, ...left(records, order, 'FROZEN') }
    return 'done'
  },
  async thaw(act) {
    const records = of(act.target)
    if (records.lock?.lockState !== 'FROZEN' || records.lock.token !== act.token) return settled(records, act)
    append(records, act.target, act.events)
    records.lock = { ...withoutReason(nobody(records.lock)), ...left(records, act, 'FREE') }
    return 'done'
  },
  async acceptDatabase(order) {
    const records = of(order.target)
    if (!isMine(records.lock, order)) return settled(records, order)
    if (!isDeepStrictEqual(records.chain, order.seen)) return 'moved'
    append(records, order.target, order.events)
    records.chain = { ...records.chain, projected: order.projected }
    const raised = { raised: order.token, attachedOnce: true }
    records.lock = { ...withoutReason(nobody(records.lock)), ...raised, ...left(records, order, 'FREE') }
    return 'done'
  },
  async rewriteLedger(target, seen, entries) {
    const records = of(target)
    if (!isDeepStrictEqual(records.chain, seen)) return 'moved'
    for (const entry of entries) records.ledger.set(entry.migration, structuredClone(entry))
    return 'done'
  },
})

const isAsSeen = (lock: LockRecord | undefined, { seen }: FreezeOrder): boolean =>
  seen === null ? lock === undefined : lock?.token === seen.token && lock.revision === seen.revision

const isMine = (
  lock: LockRecord | undefined,
  { worker, token }: OperatorAct & { readonly token: LockRecord['token'] },
): lock is LockRecord => lock?.lockState === 'FREEZING' && lock.worker === worker && lock.token === token

const settled = ({ lockLeftBy }: TargetRecords, { worker }: OperatorAct): 'done' | 'moved' =>
  lockLeftBy === worker ? 'done' : 'moved'

const freezing = (lock: LockRecord | undefined, order: FreezeOrder): LockRecord => ({
  attachedOnce: false,
  ...(lock && nobody(lock)),
  target: order.target,
  lockState: 'FREEZING',
  token: order.token,
  worker: order.worker,
  revision: order.revision,
  leaseMs: order.leaseMs,
  heartbeatAt: order.at,
  reason: order.reason,
})

const left = (records: TargetRecords, { worker }: OperatorAct, lockState: 'FREE' | 'FROZEN') => {
  records.lockLeftBy = worker
  const named: Revision = revision(`${worker}.${lockState.toLowerCase()}`)
  return { lockState, revision: named }
}

const nobody = (lock: LockRecord): LockRecord => {
  const {
    ownerRun: _,
    worker: __,
    heartbeatAt: ___,
    expiresHint: ____,
    phase: _____,
    migration: ______,
    ...kept
  } = lock
  return kept
}

const withoutReason = ({ reason: _, ...kept }: LockRecord): LockRecord => kept

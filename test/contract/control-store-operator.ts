import { describe, expect, it } from 'vitest'
import { chainEvents, emptyChain, verifyChain } from '../../functions/domain/audit-chain.ts'
import { ledgerEntry } from '../../functions/domain/ledger.ts'
import type { ChainHead, Lease, LockRecord } from '../../functions/domain/records.ts'
import { revision, token } from '../../functions/domain/types.ts'
import type { FreezeOrder } from '../../functions/engine/control-store.ts'
import {
  at,
  claimOf,
  draftOf,
  endOf,
  leaseFor,
  newTarget,
  nothingYet,
  observe,
  receiptOf,
  startRun,
} from '../support/control-records.ts'
import { refusalOf } from '../support/refusal.ts'
import type { ControlFixture } from './control-store.ts'
import { act, actOf, freezeOrder, newWorker } from './operator-orders.ts'

const backend = { pid: 4711, startedAt: 'then' }

/** Freeze, thaw and accept: what an operator does past the lease. */
export function operatorTests(use: () => ControlFixture): void {
  const newLease = async (): Promise<Lease> => leaseFor(use().store, await startRun(use().store, newTarget()))

  const frozen = async (): Promise<FreezeOrder> => {
    const lease = await newLease()
    const order = freezeOrder(await lockOf(use, lease))
    expect(await use().store.beginFreeze(order)).toMatchObject({ lockState: 'FREEZING' })
    return order
  }

  describe('beginning to freeze', () => {
    it('given a held lock, when it is frozen as seen, then nobody holds it, the token has grown, and the run is left as it is', async () => {
      const { store } = use()
      const lease = await newLease()
      await store.heartbeat(lease, { revision: revision('beat'), at: at(5), phase: 'APPLYING', backend, raised: true })
      const order = freezeOrder(await lockOf(use, lease))
      const frozen = {
        target: lease.target,
        lockState: 'FREEZING',
        token: token(2),
        worker: order.worker,
        revision: order.revision,
        leaseMs: order.leaseMs,
        heartbeatAt: at(9),
        reason: order.reason,
        attachedOnce: true,
        raised: token(1),
        backend,
      }
      expect(await store.beginFreeze(order)).toEqual(frozen)
      const { lock, runs, events } = await observe(store, lease.target)
      expect(lock).toEqual(frozen)
      expect(runs).toMatchObject([{ id: lease.run, state: 'RUNNING' }])
      expect(events.at(-1)).toMatchObject({ type: 'lock.freezing', actor: 'ada', data: { reason: 'incident' } })
    })

    it('given a lease that was taken away, when its worker beats, parks or lets go, then it is lost', async () => {
      const { store } = use()
      const lease = await newLease()
      await store.beginFreeze(freezeOrder(await lockOf(use, lease)))
      const beat = { revision: revision('late'), at: at(20), phase: 'APPLYING', raised: true }
      expect(await store.heartbeat(lease, beat)).toBe('lost')
      expect(await store.park(lease, nothingYet, [])).toBe('lost')
      expect(await store.release(lease, endOf(), [])).toBe('lost')
    })

    it('given a lock that moved since it was seen, when it is frozen, then it has moved and nothing is written', async () => {
      const { store } = use()
      const lease = await newLease()
      const order = freezeOrder(await lockOf(use, lease))
      await store.heartbeat(lease, { revision: revision('alive'), at: at(8), phase: 'APPLYING', raised: false })
      const before = await observe(store, lease.target)
      expect(await store.beginFreeze(order)).toBe('moved')
      expect(await store.beginFreeze({ ...order, seen: null })).toBe('moved')
      expect(await observe(store, lease.target)).toEqual(before)
    })

    it('given no lock at all, when it is frozen, then there is one', async () => {
      const { store } = use()
      const target = newTarget()
      const order = { ...freezeOrder({ target, token: token(4), revision: revision('none') }), seen: null }
      expect(await store.beginFreeze(order)).toMatchObject({ lockState: 'FREEZING', token: 5, attachedOnce: false })
      expect(await store.beginFreeze({ ...order, worker: newWorker() })).toBe('moved')
    })

    it('given an unfinished act, when another goes on from it, then the first can not finish', async () => {
      const { store } = use()
      const first = await frozen()
      const second = freezeOrder(await lockOf(use, first))
      expect(await store.beginFreeze(second)).toMatchObject({ lockState: 'FREEZING', token: 3 })
      expect(await store.endFreeze({ ...actOf(first), token: first.token, lockState: 'FREE' })).toBe('moved')
      expect(await store.endFreeze({ ...actOf(second), token: second.token, lockState: 'FREE' })).toBe('done')
    })

    it('given a control table that is older than the audit table, when its chain is mended, then it goes on without a gap', async () => {
      const { store } = use()
      const lease = await newLease()
      const seen = await store.readChain(lease.target)
      const lost = chainEvents(lease.target, seen, [draftOf(lease.run), draftOf(lease.run)])
      await use().putEvents(lost)
      const { seq, hash } = lost.at(-1) ?? seen
      const order = freezeOrder(await lockOf(use, lease))
      const end = { seq, hash, projected: { token: token(1), n: 2, at: at(2) } }
      expect((await refusalOf(() => store.beginFreeze(order))).code).toBe('AUDIT_BROKEN')
      expect(await store.beginFreeze({ ...order, mend: { seen: emptyChain, end } })).toBe('moved')
      expect(await store.beginFreeze({ ...order, mend: { seen, end } })).toMatchObject({ lockState: 'FREEZING' })
      const { chain, events } = await observe(store, lease.target)
      expect(chain).toMatchObject({ seq: 4, projected: { n: 2 } })
      expect(verifyChain(events, chain)).toMatchObject({ intact: true, last: { seq: 4 } })
    })
  })

  describe('ending a freeze', () => {
    it('given FREEZING, when it ends FREE, then the fence is known to be raised, and the next run gets the next token', async () => {
      const { store } = use()
      const order = await frozen()
      const { target } = order
      expect(await store.endFreeze({ ...actOf(order), token: order.token, lockState: 'FREE' })).toBe('done')
      const { lock, events } = await observe(store, target)
      expect(lock).toEqual({
        target,
        lockState: 'FREE',
        token: token(2),
        revision: `${order.worker}.free`,
        leaseMs: order.leaseMs,
        attachedOnce: true,
        raised: token(2),
      })
      expect(events.at(-1)).toMatchObject({ type: 'lock.freed' })
      expect(await leaseFor(store, await startRun(store, target))).toMatchObject({ token: 3, raised: 2 })
    })

    it('given FREEZING, when it ends FROZEN, then it says why, and nobody gets a lease until it is thawed', async () => {
      const { store } = use()
      const order = await frozen()
      const { target } = order
      expect(await store.endFreeze({ ...actOf(order), token: order.token, lockState: 'FROZEN' })).toBe('done')
      const lock = await lockOf(use, order)
      expect(lock).toMatchObject({ lockState: 'FROZEN', reason: order.reason, raised: 2, heartbeatAt: at(9) })
      const run = await startRun(store, target)
      expect(await store.acquire(claimOf(run))).toEqual({ granted: false, holder: lock })
      const thaw = { ...actOf(order), worker: newWorker() }
      expect(await store.thaw({ ...thaw, token: token(1) })).toBe('moved')
      expect(await store.thaw({ ...thaw, token: lock.token })).toBe('done')
      expect(await lockOf(use, order)).not.toHaveProperty('reason')
      expect(await leaseFor(store, run)).toMatchObject({ token: 3 })
      expect(await store.thaw({ ...thaw, token: lock.token })).toBe('done')
    })

    it('given a freed lock that a run holds, when the end is repeated, then it is done as before and nothing is written', async () => {
      const { store } = use()
      const order = await frozen()
      const end = { ...actOf(order), token: order.token, lockState: 'FREE' } as const
      await store.endFreeze(end)
      await leaseFor(store, await startRun(store, order.target))
      const before = await observe(store, order.target)
      expect(await store.endFreeze(end)).toBe('done')
      expect(await observe(store, order.target)).toEqual(before)
    })

    it.each(['endFreeze', 'thaw'] as const)(
      'given a held lock, when %s comes late, then it has moved and nothing is written',
      async (name) => {
        const { store } = use()
        const lease = await newLease()
        const late = { ...actOf({ target: lease.target, worker: newWorker() }), token: lease.token }
        const before = await observe(store, lease.target)
        const calls = { endFreeze: () => store.endFreeze({ ...late, lockState: 'FREE' }), thaw: () => store.thaw(late) }
        expect(await calls[name]()).toBe('moved')
        expect(await observe(store, lease.target)).toEqual(before)
      },
    )
  })

  describe('accepting a database', () => {
    it('given FREEZING, when the database is accepted, then the lock is free and the chain goes on from what the database has', async () => {
      const { store } = use()
      const order = await frozen()
      const seen = await store.readChain(order.target)
      const projected = { token: token(1), n: 7, at: at(7) }
      const acceptance = { ...actOf(order), token: order.token, seen, projected }
      expect(await store.acceptDatabase(acceptance)).toBe('done')
      const { lock, chain, events } = await observe(store, order.target)
      expect(lock).toMatchObject({ lockState: 'FREE', token: 2, raised: 2, attachedOnce: true })
      expect(chain).toMatchObject({ seq: seen.seq + 1, projected })
      expect(verifyChain(events, chain)).toMatchObject({ intact: true })
      expect(await store.acceptDatabase(acceptance)).toBe('done')
      expect((await store.readChain(order.target)).seq).toBe(chain.seq)
    })

    it('given a chain that moved since it was read, when the database is accepted, then it has moved and the lock stays', async () => {
      const { store } = use()
      const order = await frozen()
      const { target } = order
      const seen = await store.readChain(target)
      await store.project({ target, seen, receipts: [receiptOf(act, 1)], events: [] })
      const acceptance = { ...actOf(order), token: order.token, seen, projected: null }
      expect(await store.acceptDatabase(acceptance)).toBe('moved')
      expect(await lockOf(use, order)).toMatchObject({ lockState: 'FREEZING' })
    })
  })

  describe('rewriting the ledger', () => {
    it('given entries, when they are written, then the ledger has them and no event tells of it', async () => {
      const { store } = use()
      const { target } = await frozen()
      const seen = await store.readChain(target)
      const entries = [1, 2].map((n) => ({ ...ledgerEntry(receiptOf(act, n)), state: 'LOST' as const }))
      expect(await store.rewriteLedger(target, seen, entries)).toBe('done')
      expect(await store.readLedger(target)).toEqual(entries)
      expect(await store.readChain(target)).toEqual(seen)
    })

    it('given a chain that moved, when entries are written, then it has moved and they are not', async () => {
      const { store } = use()
      const { target } = await frozen()
      const old: ChainHead = { ...(await store.readChain(target)), seq: 1 }
      expect(await store.rewriteLedger(target, old, [ledgerEntry(receiptOf(act, 1))])).toBe('moved')
      expect(await store.readLedger(target)).toEqual([])
    })
  })
}

const lockOf = async (use: () => ControlFixture, { target }: Pick<LockRecord, 'target'>): Promise<LockRecord> => {
  const lock = await use().store.readLock(target)
  if (lock === undefined) throw new Error(`${target} has no lock`)
  return lock
}

import { describe, expect, it } from 'vitest'
import type { Lease, LockRecord } from '../../functions/domain/records.ts'
import { migrationName, revision } from '../../functions/domain/types.ts'
import {
  at,
  claimOf,
  draftOf,
  endOf,
  leaseFor,
  newTarget,
  nothingYet,
  observe,
  startRun,
} from '../support/control-records.ts'
import { refusalOf } from '../support/refusal.ts'
import type { ControlFixture } from './control-store.ts'

/** Attach and take over: going on with a parked lock, and with a dead holder's. */
export function takeOverTests(use: () => ControlFixture): void {
  describe('attach', () => {
    it('given a lock parked by the run, when it attaches, then a new worker holds it with the next token', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      await store.park(await leaseFor(store, run), nothingYet, [])
      const claim = claimOf(run, { at: at(40), events: [draftOf(run.id, { type: 'run.resumed' })] })
      expect(await store.attach(claim)).toMatchObject({ granted: true, lease: { token: 2, worker: claim.worker } })
      const { lock, runs, events } = await observe(store, run.target)
      expect(lock).toMatchObject({ lockState: 'HELD', token: 2, worker: claim.worker, revision: claim.revision })
      expect(runs).toMatchObject([{ state: 'RUNNING', startedAt: at(1) }])
      expect(events.at(-1)).toMatchObject({ type: 'run.resumed', token: 2 })
    })

    it('given a lock parked by another run, when a run attaches, then it is refused with the owner', async () => {
      const { store } = use()
      const owner = await startRun(store, newTarget())
      await store.park(await leaseFor(store, owner), nothingYet, [])
      const other = await startRun(store, owner.target)
      expect(await store.attach(claimOf(other))).toMatchObject({ granted: false, holder: { ownerRun: owner.id } })
    })

    it('given a lock that the run holds, when another worker of it attaches, then it is refused', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      const { worker } = await leaseFor(store, run)
      expect(await store.attach(claimOf(run))).toMatchObject({ granted: false, holder: { lockState: 'HELD', worker } })
    })

    it('given a free lock, when a run attaches, then it is refused', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      await store.yieldLease(await leaseFor(store, run), nothingYet, [])
      expect(await store.attach(claimOf(run))).toMatchObject({ granted: false, holder: { lockState: 'FREE' } })
    })

    it('given no lock at all, when a run attaches, then it has lost its lease', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      expect((await refusalOf(() => store.attach(claimOf(run)))).code).toBe('LEASE_LOST')
    })

    it('given a parked run that was ended, when it attaches, then it has lost its lease', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      await store.park(await leaseFor(store, run), nothingYet, [])
      await store.finishRun(run.target, run.id, endOf({ state: 'EXPIRED' }), [])
      expect((await refusalOf(() => store.attach(claimOf(run)))).code).toBe('LEASE_LOST')
      expect(await store.readLock(run.target)).toMatchObject({ lockState: 'PARKED', token: 1 })
    })
  })

  describe('take over', () => {
    it('given a silent holder, when its lock is taken over as seen, then the new token is higher and the old lease is lost', async () => {
      const { store } = use()
      const target = newTarget()
      const old = await leaseFor(store, await startRun(store, target))
      const run = await startRun(store, target)
      const claim = claimOf(run, { events: [draftOf(run.id, { type: 'run.took-over' })] })
      const attempt = await store.takeOver({ ...claim, seen: await lockOf(use, old) })
      expect(attempt).toMatchObject({ granted: true, lease: { run: run.id, token: 2 } })
      const before = await observe(store, target)
      expect(before.events.at(-1)).toMatchObject({ type: 'run.took-over', token: 2 })
      const beat = { revision: revision('late'), at: at(99), phase: 'APPLYING', raised: true }
      expect(await store.heartbeat(old, beat)).toBe('lost')
      expect(await store.park(old, nothingYet, [draftOf(old.run)])).toBe('lost')
      expect(await store.yieldLease(old, nothingYet, [draftOf(old.run)])).toBe('lost')
      expect(await store.release(old, endOf(), [draftOf(old.run)])).toBe('lost')
      expect(await observe(store, target)).toEqual(before)
    })

    it('given a holder that was doing something, when its lock is taken over, then only its backend is still shown', async () => {
      const { store } = use()
      const lease = await leaseFor(store, await startRun(store, newTarget()))
      const backend = { pid: 4711, startedAt: 'then' }
      const doing = { phase: 'APPLYING', migration: migrationName('1_init'), backend }
      await store.heartbeat(lease, { ...doing, revision: revision('beat'), at: at(5), raised: false })
      const other = await startRun(store, lease.target)
      await store.takeOver({ ...claimOf(other), seen: await lockOf(use, lease) })
      const lock = await lockOf(use, lease)
      expect(lock.backend).toEqual(backend)
      expect(lock).not.toHaveProperty('phase')
      expect(lock).not.toHaveProperty('migration')
    })

    it('given a holder that beat since it was seen, when its lock is taken over, then that is refused', async () => {
      const { store } = use()
      const lease = await leaseFor(store, await startRun(store, newTarget()))
      const seen = await lockOf(use, lease)
      await store.heartbeat(lease, { revision: revision('alive'), at: at(8), phase: 'APPLYING', raised: false })
      const other = await startRun(store, lease.target)
      const attempt = await store.takeOver({ ...claimOf(other), seen })
      expect(attempt).toMatchObject({ granted: false, holder: { revision: 'alive', ownerRun: lease.run } })
    })

    it('given a parked lock, when it is taken over as seen, then another run holds it', async () => {
      const { store } = use()
      const lease = await leaseFor(store, await startRun(store, newTarget()))
      await store.park(lease, nothingYet, [])
      const other = await startRun(store, lease.target)
      const attempt = await store.takeOver({ ...claimOf(other), seen: await lockOf(use, lease) })
      expect(attempt).toMatchObject({ granted: true, lease: { run: other.id, token: 2 } })
    })

    it('given a free lock, when it is taken over as seen, then that is refused', async () => {
      const { store } = use()
      const lease = await leaseFor(store, await startRun(store, newTarget()))
      await store.yieldLease(lease, nothingYet, [])
      const other = await startRun(store, lease.target)
      const attempt = await store.takeOver({ ...claimOf(other), seen: await lockOf(use, lease) })
      expect(attempt).toMatchObject({ granted: false, holder: { lockState: 'FREE' } })
    })

    it('given twenty observers of a silent holder, when all take over, then exactly one is granted', async () => {
      const { store } = use()
      const lease = await leaseFor(store, await startRun(store, newTarget()))
      const seen = await lockOf(use, lease)
      const runs = await Promise.all(Array.from({ length: 20 }, () => startRun(store, lease.target)))
      const attempts = await Promise.all(runs.map((run) => store.takeOver({ ...claimOf(run), seen })))
      expect(attempts.filter(({ granted }) => granted)).toHaveLength(1)
      expect(await store.readLock(lease.target)).toMatchObject({ token: 2 })
    })
  })
}

async function lockOf(use: () => ControlFixture, { target }: Pick<Lease, 'target'>): Promise<LockRecord> {
  const lock = await use().store.readLock(target)
  if (lock === undefined) throw new Error(`${target} has no lock`)
  return lock
}

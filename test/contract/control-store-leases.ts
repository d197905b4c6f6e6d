import { describe, expect, it } from 'vitest'
import { sha256 } from '../../functions/domain/checksum.ts'
import type { Lease } from '../../functions/domain/records.ts'
import { migrationName, revision, token } from '../../functions/domain/types.ts'
import type { Heartbeat } from '../../functions/engine/control-store.ts'
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
import type { ControlFixture } from './control-store.ts'

const [v1, v2] = [sha256('v1'), sha256('v2')]

/** Heartbeats, and the three ways to let go of a lease. */
export function leaseTests(use: () => ControlFixture): void {
  describe('heartbeat', () => {
    it('given a held lease, when its worker beats, then LOCK shows what it does and nothing is audited', async () => {
      const { store } = use()
      const lease = await newLease(use)
      const backend = { pid: 4711, startedAt: '2026-11-24 10:00:00.123+00' }
      expect(await store.heartbeat(lease, beat({ phase: 'APPLYING', migration: first, backend }))).toBe('kept')
      expect(await store.readLock(lease.target)).toMatchObject({
        revision: 'beat',
        heartbeatAt: at(9),
        expiresHint: at(39),
        phase: 'APPLYING',
        migration: first,
        backend,
        attachedOnce: false,
      })
      expect((await store.readChain(lease.target)).seq).toBe(1)
    })

    it('given a migration and a backend, when a beat brings neither, then the migration is over and the backend is kept', async () => {
      const { store } = use()
      const lease = await newLease(use)
      const backend = { pid: 4711, startedAt: 'then' }
      await store.heartbeat(lease, beat({ migration: first, backend }))
      await store.heartbeat(lease, beat({ phase: 'RECORDING' }))
      const lock = await store.readLock(lease.target)
      expect(lock).not.toHaveProperty('migration')
      expect(lock).toMatchObject({ phase: 'RECORDING', backend })
    })

    it('given a raised fence, when a beat tells of it, then every later lease knows', async () => {
      const { store } = use()
      const lease = await newLease(use)
      await store.heartbeat(lease, beat({ raised: true }))
      await store.heartbeat(lease, beat({ raised: false }))
      expect(await store.readLock(lease.target)).toMatchObject({ attachedOnce: true, raised: 1 })
      await store.yieldLease(lease, nothingYet, [])
      const next = await leaseFor(store, await startRun(store, lease.target))
      expect(next).toMatchObject({ token: 2, attachedOnce: true, raised: 1 })
    })

    it('given the same beat twice, when it is repeated, then the lease is kept both times', async () => {
      const { store } = use()
      const lease = await newLease(use)
      expect(await store.heartbeat(lease, beat())).toBe('kept')
      expect(await store.heartbeat(lease, beat())).toBe('kept')
    })

    it.each([
      [
        'another worker',
        (lease: Lease) => ({ ...lease, worker: claimOf({ target: lease.target, id: lease.run }).worker }),
      ],
      ['an older token', (lease: Lease) => ({ ...lease, token: token(lease.token - 1) })],
    ])('given a held lease, when %s beats, then it is lost and LOCK stays as it was', async (_, other) => {
      const { store } = use()
      const lease = await newLease(use)
      const before = await store.readLock(lease.target)
      expect(await store.heartbeat(other(lease), beat())).toBe('lost')
      expect(await store.readLock(lease.target)).toEqual(before)
    })

    it('given a parked lease, when its worker beats late, then it is lost', async () => {
      const { store } = use()
      const lease = await newLease(use)
      await store.park(lease, nothingYet, [])
      expect(await store.heartbeat(lease, beat())).toBe('lost')
      expect(await store.readLock(lease.target)).toMatchObject({ lockState: 'PARKED' })
    })

    it('given a target without a lock, when a worker beats, then it is lost and no lock appears', async () => {
      const { store } = use()
      const lease = await newLease(use)
      const target = newTarget()
      expect(await store.heartbeat({ ...lease, target }, beat())).toBe('lost')
      expect(await store.readLock(target)).toBeUndefined()
    })
  })

  describe('park', () => {
    it('given a held lease, when it is parked, then LOCK keeps owner, phase and backend, and the run is PARKED', async () => {
      const { store } = use()
      const lease = await newLease(use)
      const backend = { pid: 4711, startedAt: 'then' }
      await store.heartbeat(lease, beat({ phase: 'DETACHED', migration: first, backend }))
      expect(await store.park(lease, nothingYet, [draftOf(lease.run, { type: 'run.parked' })])).toBe('done')
      const { lock, runs, events } = await observe(store, lease.target)
      const { run: ownerRun, worker } = lease
      const kept = { ownerRun, worker, token: 1, phase: 'DETACHED', migration: first, backend }
      expect(lock).toMatchObject({ lockState: 'PARKED', ...kept })
      expect(lock?.revision).not.toBe('beat')
      expect(runs).toMatchObject([{ state: 'PARKED' }])
      expect(events.map(({ type }) => type)).toEqual(['run.started', 'run.parked'])
    })

    it('given a parked run that goes on, when the park is repeated, then it is done as before and nothing is written', async () => {
      const { store } = use()
      const lease = await newLease(use)
      await store.park(lease, nothingYet, [draftOf(lease.run)])
      await store.attach(claimOf({ target: lease.target, id: lease.run }))
      const before = await observe(store, lease.target)
      expect(await store.park(lease, nothingYet, [draftOf(lease.run)])).toBe('done')
      expect(await observe(store, lease.target)).toEqual(before)
    })

    it('given a run whose later worker has parked it, when an earlier worker parks late, then that one has lost its lease', async () => {
      const { store } = use()
      const lease = await newLease(use)
      const lock = await store.readLock(lease.target)
      if (lock === undefined) throw new Error('no lock')
      const later = await store.takeOver({ ...claimOf({ target: lease.target, id: lease.run }), seen: lock })
      if (!later.granted) throw new Error('not granted')
      await store.park(later.lease, nothingYet, [])
      expect(await store.park(lease, nothingYet, [])).toBe('lost')
    })

    it('given a parked lease, when its worker releases it, then it is lost and the run stays PARKED', async () => {
      const { store } = use()
      const lease = await newLease(use)
      await store.park(lease, nothingYet, [])
      expect(await store.release(lease, endOf(), [])).toBe('lost')
      expect(await store.readRun(lease.target, lease.run)).toMatchObject({ state: 'PARKED' })
    })
  })

  describe('yield', () => {
    it('given a held lease, when it is yielded, then LOCK is free without an owner and the run is QUEUED', async () => {
      const { store } = use()
      const lease = await newLease(use)
      const backend = { pid: 4711, startedAt: 'then' }
      await store.heartbeat(lease, beat({ migration: first, backend, raised: true }))
      expect(await store.yieldLease(lease, nothingYet, [draftOf(lease.run, { type: 'run.parked' })])).toBe('done')
      const { lock, runs } = await observe(store, lease.target)
      const { target, leaseMs } = lease
      const kept = { target, leaseMs, token: 1, attachedOnce: true, raised: 1, backend }
      expect(lock).toEqual({ lockState: 'FREE', revision: lock?.revision, ...kept })
      expect(runs).toMatchObject([{ state: 'QUEUED' }])
    })

    it('given a yielded lock that another run holds, when the yield is repeated, then it is done as before', async () => {
      const { store } = use()
      const lease = await newLease(use)
      await store.yieldLease(lease, nothingYet, [draftOf(lease.run)])
      await leaseFor(store, await startRun(store, lease.target))
      const before = await observe(store, lease.target)
      expect(await store.yieldLease(lease, nothingYet, [draftOf(lease.run)])).toBe('done')
      expect(await observe(store, lease.target)).toEqual(before)
    })
  })

  describe('release', () => {
    it('given a held lease, when it is released, then LOCK is free and the run has its end', async () => {
      const { store } = use()
      const lease = await newLease(use)
      const notices = [{ code: 'OUT_OF_ORDER', message: 'applied out of order', migration: first }]
      const end = endOf({ applied: 3, notices })
      expect(await store.release(lease, end, [draftOf(lease.run, { type: 'run.finished' })])).toBe('done')
      const { lock, runs, events } = await observe(store, lease.target)
      expect(lock).toMatchObject({ lockState: 'FREE', token: 1 })
      expect(lock).not.toHaveProperty('ownerRun')
      expect(lock).not.toHaveProperty('worker')
      expect(runs).toMatchObject([{ state: 'SUCCEEDED', applied: 3, notices, finishedAt: expect.any(String) }])
      expect(events.at(-1)).toMatchObject({ type: 'run.finished' })
    })

    it('given a run that succeeded with a bundle, when it is released, then the target stands at it, and it has succeeded', async () => {
      const { store } = use()
      const lease = await newLease(use)
      const { target } = lease
      expect(await store.hasSucceeded(target, v1)).toBe(false)
      await store.release(lease, endOf({ bundle: v1, standing: v1 }), [])
      expect((await store.readLock(target))?.standing).toBe(v1)
      expect(await store.hasSucceeded(target, v1)).toBe(true)
      expect(await store.hasSucceeded(target, v2)).toBe(false)
      expect(await store.hasSucceeded(newTarget(), v1)).toBe(false)
    })

    it('given a target that stands at a bundle, when a run fails with another, then it stands where it stood', async () => {
      const { store } = use()
      const lease = await newLease(use)
      const { target } = lease
      await store.release(lease, endOf({ bundle: v1, standing: v1 }), [])
      const next = await leaseFor(store, await startRun(store, target))
      expect((await store.readLock(target))?.standing).toBe(v1)
      await store.release(next, endOf({ state: 'FAILED', bundle: v2 }), [])
      expect((await store.readLock(target))?.standing).toBe(v1)
      expect(await store.hasSucceeded(target, v2)).toBe(false)
    })

    it('given a target that stands at a bundle, when a rollback succeeds, then it stands at that, and the bundle has succeeded still', async () => {
      const { store } = use()
      const lease = await newLease(use)
      const { target } = lease
      await store.release(lease, endOf({ bundle: v1, standing: v1 }), [])
      await store.release(await leaseFor(store, await startRun(store, target)), endOf({ standing: v2 }), [])
      expect((await store.readLock(target))?.standing).toBe(v2)
      expect(await store.hasSucceeded(target, v2)).toBe(false)
      expect(await store.hasSucceeded(target, v1)).toBe(true)
    })

    it('given a bundle that succeeded, when it succeeds again, then that is no obstacle', async () => {
      const { store } = use()
      const lease = await newLease(use)
      await store.release(lease, endOf({ bundle: v1, standing: v1 }), [])
      const next = await leaseFor(store, await startRun(store, lease.target))
      expect(await store.release(next, endOf({ bundle: v1, standing: v1 }), [])).toBe('done')
    })

    it('given a lost lease, when its success is told, then the target does not stand at it, and it has not succeeded', async () => {
      const { store } = use()
      const lease = await newLease(use)
      const old = { ...lease, token: token(lease.token - 1) }
      expect(await store.release(old, endOf({ bundle: v1, standing: v1 }), [])).toBe('lost')
      expect(await store.readLock(lease.target)).not.toHaveProperty('standing')
      expect(await store.hasSucceeded(lease.target, v1)).toBe(false)
    })

    it('given a released lock that another run holds, when the release is repeated, then it is done as before', async () => {
      const { store } = use()
      const lease = await newLease(use)
      const end = endOf({ state: 'FAILED' })
      await store.release(lease, end, [draftOf(lease.run)])
      await leaseFor(store, await startRun(store, lease.target))
      const before = await observe(store, lease.target)
      expect(await store.release(lease, end, [draftOf(lease.run)])).toBe('done')
      expect(await observe(store, lease.target)).toEqual(before)
    })

    it('given a run that was ended by another, when its worker lets go, then its lease is lost and the end stays', async () => {
      const { store } = use()
      const lease = await newLease(use)
      await store.finishRun(lease.target, lease.run, endOf({ state: 'CRASHED' }), [])
      const before = await observe(store, lease.target)
      expect(await store.park(lease, nothingYet, [draftOf(lease.run)])).toBe('lost')
      expect(await store.release(lease, endOf(), [draftOf(lease.run)])).toBe('lost')
      expect(await observe(store, lease.target)).toEqual(before)
    })
  })
}

const first = migrationName('20251116222007_init')

const newLease = async (use: () => ControlFixture): Promise<Lease> =>
  leaseFor(use().store, await startRun(use().store, newTarget()))

const beat = (changes: Partial<Heartbeat> = {}): Heartbeat => ({
  revision: revision('beat'),
  at: at(9),
  phase: 'APPLYING',
  raised: false,
  ...changes,
})

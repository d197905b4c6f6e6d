import { describe, expect, it } from 'vitest'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import type { Lease, LockRecord, LockState } from '../../functions/domain/records.ts'
import { migrationName, revision, runId, token, workerId } from '../../functions/domain/types.ts'
import {
  at,
  claimOf,
  draftOf,
  endOf,
  leaseFor,
  newRun,
  newTarget,
  nothingYet,
  observe,
  startRun,
} from '../support/control-records.ts'
import { refusalOf } from '../support/refusal.ts'
import type { ControlFixture } from './control-store.ts'

/** Acquire, attach, take over: who gets the lease, and what a refusal tells. */
export function claimTests(use: () => ControlFixture): void {
  describe('acquire', () => {
    it('given a target without a lock, when it is acquired, then the lease has token 1 and LOCK, RUN and audit say so', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      const claim = claimOf(run)
      const { target, worker, leaseMs } = claim
      const lease = { target, run: run.id, worker, token: token(1), leaseMs, attachedOnce: false }
      expect(await store.acquire(claim)).toEqual({ granted: true, lease })
      const { lock, runs, events } = await observe(store, target)
      expect(lock).toEqual({
        target,
        lockState: 'HELD',
        token: token(1),
        revision: claim.revision,
        leaseMs,
        ownerRun: run.id,
        worker,
        heartbeatAt: at(1),
        expiresHint: at(31),
        attachedOnce: false,
      })
      expect(runs).toMatchObject([{ id: run.id, state: 'RUNNING', startedAt: at(1) }])
      expect(events).toMatchObject([{ seq: 1, type: 'run.started', token: 1 }])
    })

    it('given a lock that was released, when another run acquires it, then the token has grown', async () => {
      const { store } = use()
      const target = newTarget()
      await store.release(await leaseFor(store, await startRun(store, target)), endOf(), [])
      expect(await leaseFor(store, await startRun(store, target))).toMatchObject({ token: 2 })
    })

    it('given a held lock, when another run acquires, then it is refused with the holder, its phase and its migration', async () => {
      const { store } = use()
      const target = newTarget()
      const holder = await startRun(store, target)
      const lease = await leaseFor(store, holder)
      const doing = { phase: 'APPLYING', migration: migrationName('1_init') }
      await store.heartbeat(lease, { ...doing, revision: revision('beat'), at: at(5), raised: false })
      const other = await startRun(store, target)
      expect(await store.acquire(claimOf(other))).toMatchObject({
        granted: false,
        holder: { lockState: 'HELD', ownerRun: holder.id, token: 1, heartbeatAt: at(5), ...doing },
      })
      expect(await store.readRun(target, other.id)).toMatchObject({ state: 'QUEUED' })
      expect((await store.readChain(target)).seq).toBe(1)
    })

    it('given twenty workers, when they acquire at once, then exactly one is granted and the others are told of it', async () => {
      const { store } = use()
      const target = newTarget()
      const runs = await Promise.all(Array.from({ length: 20 }, () => startRun(store, target)))
      const attempts = await Promise.all(runs.map((run) => store.acquire(claimOf(run))))
      const winners = attempts.flatMap((attempt) => (attempt.granted ? [attempt.lease.run] : []))
      expect(winners).toHaveLength(1)
      const told = attempts.flatMap((attempt) => (attempt.granted ? [] : [attempt.holder.ownerRun]))
      expect(told).toEqual(Array.from({ length: 19 }, () => winners[0]))
      expect(await store.readAudit(target, 0, 100)).toHaveLength(1)
    })

    it('given eight workers, when each acquires, releases and lets the next one in, then every token is granted once', async () => {
      const { store } = use()
      const target = newTarget()
      const tokens = await Promise.all(Array.from({ length: 8 }, () => oneTurn(use, target)))
      expect(tokens.sort((a, b) => a - b)).toEqual(Array.from({ length: 8 }, (_, index) => index + 1))
      const { chain, events } = await observe(store, target)
      expect(verifyChain(events, chain)).toMatchObject({ intact: true, last: { seq: 16 } })
    })

    it('given a run that is over, when it acquires, then it has lost its lease and the lock stays free', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      await store.finishRun(run.target, run.id, endOf({ state: 'CRASHED' }), [])
      expect((await refusalOf(() => store.acquire(claimOf(run)))).code).toBe('LEASE_LOST')
      expect(await store.readLock(run.target)).toBeUndefined()
    })

    it('given a run that was never counted, when it acquires, then that is a bug', async () => {
      const { store } = use()
      expect((await refusalOf(() => store.acquire(claimOf(newRun(newTarget()))))).code).toBe('INTERNAL')
    })

    it('given a claim that was granted, when it is repeated, then it is granted as before and nothing is written', async () => {
      const { store } = use()
      const claim = claimOf(await startRun(store, newTarget()))
      const first = await store.acquire(claim)
      const before = await observe(store, claim.target)
      expect(await store.acquire(claim)).toEqual(first)
      expect(await observe(store, claim.target)).toEqual(before)
    })
  })

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

  it.each(['FREEZING', 'FROZEN'] as const)(
    'given a lock that is %s, when a run claims it in any way, then it is refused and told why',
    async (lockState) => {
      const { store, putLock } = use()
      const run = await startRun(store, newTarget())
      const lock = lockAs(lockState, await leaseFor(store, run))
      await putLock(lock)
      const refusal = { granted: false, holder: lock }
      expect(await store.acquire(claimOf(run))).toEqual(refusal)
      expect(await store.attach(claimOf(run))).toEqual(refusal)
      expect(await store.takeOver({ ...claimOf(run), seen: lock })).toEqual(refusal)
    },
  )

  it('given a token near the largest exact number, when the lock is acquired, then the next one is exact', async () => {
    const { store, putLock } = use()
    const run = await startRun(store, newTarget())
    const { worker: _, ownerRun: __, ...lock } = lockAs('FREE', await leaseFor(store, run))
    await putLock({ ...lock, token: token(Number.MAX_SAFE_INTEGER - 2) })
    expect(await leaseFor(store, run)).toMatchObject({ token: Number.MAX_SAFE_INTEGER - 1 })
  })
}

/** Waits for the lock, takes it, lets go of it, and tells the token that it had. */
async function oneTurn(use: () => ControlFixture, target: Lease['target']): Promise<number> {
  const { store } = use()
  const run = await startRun(store, target)
  for (;;) {
    const attempt = await store.acquire(claimOf(run))
    if (!attempt.granted) continue
    await store.release(attempt.lease, endOf(), [draftOf(run.id, { type: 'run.finished' })])
    return attempt.lease.token
  }
}

async function lockOf(use: () => ControlFixture, { target }: Pick<Lease, 'target'>): Promise<LockRecord> {
  const lock = await use().store.readLock(target)
  if (lock === undefined) throw new Error(`${target} has no lock`)
  return lock
}

const lockAs = (lockState: LockState, lease: Lease): LockRecord => ({
  target: lease.target,
  lockState,
  token: lease.token,
  revision: revision('by-hand'),
  leaseMs: lease.leaseMs,
  ownerRun: runId(lease.run),
  worker: workerId('operator'),
  attachedOnce: false,
})

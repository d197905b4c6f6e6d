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
  observe,
  startRun,
} from '../support/control-records.ts'
import { refusalOf } from '../support/refusal.ts'
import type { ControlFixture } from './control-store.ts'

/** Acquire: who gets the lease, and what a refusal tells. */
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

import { describe, expect, it } from 'vitest'
import { sha256 } from '../../functions/domain/checksum.ts'
import type { Failure } from '../../functions/domain/errors.ts'
import type { RollbackWork } from '../../functions/domain/records.ts'
import { migrationName, runId, token } from '../../functions/domain/types.ts'
import { at, draftOf, endOf, leaseFor, newRun, newTarget, observe, startRun } from '../support/control-records.ts'
import { refusalOf } from '../support/refusal.ts'
import type { ControlFixture } from './control-store.ts'

const rollback = { kind: 'rollback', plan: sha256('plan'), floor: null, head: { token: token(3), n: 2 } } as const

/** The RUN item: its counters, its readings, and its end outside a lease. */
export function runTests(use: () => ControlFixture): void {
  describe('counting starts', () => {
    it('given a new run, when its start is counted, then it is QUEUED with one start and all that it was made of', async () => {
      const { store } = use()
      const run = newRun(newTarget())
      const counted = { ...run, state: 'QUEUED', starts: 1, faults: 0, applied: 0, notices: [] }
      expect(await store.countStart(run)).toEqual(counted)
      expect(await store.readRun(run.target, run.id)).toEqual(counted)
    })

    it('given an actor who claims to be someone, when the run is read, then the claim is there', async () => {
      const { store } = use()
      const actor = { kind: 'claimed', name: 'deploy', requestId: '7' } as const
      const run = newRun(newTarget(), { actor, work: { kind: 'bundle', object: { bucket: 'b', key: 'k', etag: 'e' } } })
      expect(await store.countStart(run)).toMatchObject({
        actor,
        work: { object: { bucket: 'b', key: 'k', etag: 'e' } },
      })
    })

    it.each<RollbackWork>([
      { ...rollback, wish: { kind: 'to', migration: migrationName('1_a') }, floor: { token: token(1), n: 1 } },
      { ...rollback, wish: { kind: 'steps', count: 2 } },
      { ...rollback, wish: { kind: 'run', run: runId('r-1') } },
    ])('given a rollback of kind $wish.kind, when its start is counted, then the run has it to do', async (work) => {
      const { store } = use()
      const run = newRun(newTarget(), { direction: 'down', work })
      expect(await store.countStart(run)).toMatchObject({ direction: 'down', work })
      expect((await store.readRun(run.target, run.id))?.work).toEqual(work)
    })

    it('given a counted run, when another delivery is counted, then it has two starts and keeps what it was made of', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      const again = await store.countStart({ ...run, createdAt: at(50), direction: 'down' })
      expect(again).toMatchObject({ starts: 2, createdAt: at(0), direction: 'up' })
    })

    it('given twenty deliveries of one run, when they are counted at once, then all of them are', async () => {
      const { store } = use()
      const run = newRun(newTarget())
      await Promise.all(Array.from({ length: 20 }, () => store.countStart(run)))
      expect(await store.readRun(run.target, run.id)).toMatchObject({ starts: 20 })
    })

    it('given a run that is over, when a start is counted, then it is not, and the recorded result is the answer', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      await store.finishRun(run.target, run.id, endOf({ state: 'REFUSED' }), [])
      expect(await store.countStart(run)).toMatchObject({ state: 'REFUSED', starts: 1 })
    })

    it('given a counted start, when it is returned, then it is taken back, and never below none', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      await store.returnStart(run.target, run.id)
      await store.returnStart(run.target, run.id)
      expect(await store.readRun(run.target, run.id)).toMatchObject({ starts: 0 })
    })

    it('given a run that is over, when its start is returned, then it counts as an orderly exit', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      await store.finishRun(run.target, run.id, endOf(), [])
      await store.returnStart(run.target, run.id)
      expect(await store.readRun(run.target, run.id)).toMatchObject({ starts: 0, state: 'SUCCEEDED' })
    })

    it('given no such run, when a start is returned, then no run appears', async () => {
      const { store } = use()
      const target = newTarget()
      await store.returnStart(target, runId('r-none'))
      expect(await store.readRun(target, runId('r-none'))).toBeUndefined()
    })
  })

  describe('counting faults', () => {
    it('given two faults, when they are counted, then the first one is remembered and the last one is told', async () => {
      const { store } = use()
      const { target, id } = await startRun(store, newTarget())
      await store.countFault(target, id, { at: at(1), failure: { ...failure, message: 'first' } })
      const run = await store.countFault(target, id, { at: at(2), failure })
      expect(run).toMatchObject({ faults: 2, firstFaultAt: at(1), failure })
    })

    it('given a fault, when the same one is counted again, then it is counted once', async () => {
      const { store } = use()
      const { target, id } = await startRun(store, newTarget())
      await store.countFault(target, id, { at: at(1), failure })
      expect(await store.countFault(target, id, { at: at(1), failure })).toMatchObject({ faults: 1 })
    })

    it('given a run that is over, when a fault is counted, then it is not', async () => {
      const { store } = use()
      const { target, id } = await startRun(store, newTarget())
      await store.finishRun(target, id, endOf(), [])
      const run = await store.countFault(target, id, { at: at(1), failure })
      expect(run).toMatchObject({ faults: 0, state: 'SUCCEEDED' })
      expect(run).not.toHaveProperty('failure')
    })

    it('given no such run, when a fault is counted, then that is a bug and no run appears', async () => {
      const { store } = use()
      const target = newTarget()
      const error = await refusalOf(() => store.countFault(target, runId('r-none'), { at: at(1), failure }))
      expect(error.code).toBe('INTERNAL')
      expect(await store.readRun(target, runId('r-none'))).toBeUndefined()
    })
  })

  describe('finishing without a lease', () => {
    it('given a queued run, when it is finished, then its end is recorded whole and audited', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      const end = endOf({ state: 'REFUSED', failure, bundle: sha256('bundle'), notices: [{ code: 'X', message: 'y' }] })
      expect(await store.finishRun(run.target, run.id, end, [draftOf(run.id, { type: 'run.finished' })])).toBe(true)
      const { runs, events } = await observe(store, run.target)
      expect(runs).toMatchObject([{ ...end, finishedAt: expect.any(String) }])
      expect(events).toMatchObject([{ type: 'run.finished', seq: 1 }])
    })

    it('given a finished run, when the same end is given again, then the answer is the first one and nothing is written', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      const finish = () => store.finishRun(run.target, run.id, endOf(), [draftOf(run.id)])
      await finish()
      const before = await observe(store, run.target)
      expect(await finish()).toBe(true)
      expect(await observe(store, run.target)).toEqual(before)
    })

    it('given a finished run, when another end is given, then it was over already and keeps its end', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      await store.finishRun(run.target, run.id, endOf({ state: 'CRASHED' }), [])
      const before = await observe(store, run.target)
      expect(await store.finishRun(run.target, run.id, endOf({ state: 'EXPIRED' }), [draftOf(run.id)])).toBe(false)
      expect(await observe(store, run.target)).toEqual(before)
    })

    it('given a run that was released, when an end is given, then it was over already', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      await store.release(await leaseFor(store, run), endOf(), [])
      expect(await store.finishRun(run.target, run.id, endOf(), [])).toBe(false)
    })

    it('given an earlier fault, when the run succeeds, then the failure is not told any more', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      await store.countFault(run.target, run.id, { at: at(1), failure })
      await store.finishRun(run.target, run.id, endOf(), [])
      expect(await store.readRun(run.target, run.id)).not.toHaveProperty('failure')
    })

    it('given no such run, when it is finished, then that is a bug', async () => {
      const { store } = use()
      const error = await refusalOf(() => store.finishRun(newTarget(), runId('r-none'), endOf(), []))
      expect(error.code).toBe('INTERNAL')
    })
  })

  describe('what a slice tells of its run', () => {
    const detached = { migration: migrationName('2_index'), unit: 3, times: 1 }

    it('given a slice that left a step running, when it parks, then the run tells of the step and of what was applied', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      await store.park(await leaseFor(store, run), { applied: 2, detached }, [])
      expect(await store.readRun(run.target, run.id)).toMatchObject({ state: 'PARKED', applied: 2, detached })
    })

    it('given a step that was left running, when a later slice tells of none, then the run has none', async () => {
      const { store } = use()
      const run = await startRun(store, newTarget())
      await store.yieldLease(await leaseFor(store, run), { applied: 2, detached }, [])
      expect(await store.readRun(run.target, run.id)).toMatchObject({ state: 'QUEUED', applied: 2, detached })
      await store.yieldLease(await leaseFor(store, run), { applied: 3 }, [])
      const known = await store.readRun(run.target, run.id)
      expect(known).toMatchObject({ applied: 3 })
      expect(known).not.toHaveProperty('detached')
    })

    it('given a step that was left running, when the run is over, then no step is', async () => {
      const { store } = use()
      for (const end of ['released', 'finished'] as const) {
        const run = await startRun(store, newTarget())
        await store.yieldLease(await leaseFor(store, run), { applied: 2, detached }, [])
        if (end === 'released') await store.release(await leaseFor(store, run), endOf({ applied: 3 }), [])
        else await store.finishRun(run.target, run.id, endOf({ applied: 2 }), [])
        expect(await store.readRun(run.target, run.id)).not.toHaveProperty('detached')
      }
    })
  })

  describe('reading runs', () => {
    it('given no such run, when it is read, then there is none', async () => {
      expect(await use().store.readRun(newTarget(), runId('r-none'))).toBeUndefined()
    })

    it('given runs of two targets, when the latest of one are read, then they come newest first and no more than asked', async () => {
      const { store } = use()
      const target = newTarget()
      await startRun(store, newTarget(), { createdAt: at(59) })
      for (const second of [3, 1, 4, 2]) await startRun(store, target, { createdAt: at(second) })
      const runs = await store.latestRuns(target, 3)
      expect(runs.map(({ createdAt }) => createdAt)).toEqual([at(4), at(3), at(2)])
      expect(runs[0]).toMatchObject({ work: { object: { bucket: 'bundles' } }, starts: 1 })
    })
  })
}

const failure: Failure = {
  code: 'MIGRATION_FAILED',
  message: 'relation "User" does not exist',
  hint: 'correct the migration and push again',
  migration: migrationName('2_users'),
  sqlState: '42P01',
  place: { file: '2_users/migration.sql', line: 3, column: 7, excerpt: 'alter table "User"\n            ^' },
  detail: 'none',
  serverHint: 'none either',
  names: ['a', 'b'],
}

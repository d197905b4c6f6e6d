import { describe, expect, test } from 'vitest'
import type { TargetSettings } from '../../functions/domain/settings.ts'
import type { StepSource, Unit } from '../../functions/domain/step-source.ts'
import { type TargetName, token } from '../../functions/domain/types.ts'
import { attachTarget, leaseOf, orderOf, sourceOf } from '../support/step-orders.ts'
import type { TargetFixture } from './target-database.ts'

export function fenceTests(use: () => TargetFixture): void {
  describe('the schema', () => {
    test('given an empty database, when ten sessions make it at once, then each finds it made, again and again', async () => {
      const { database, newDatabase } = use()
      const settings = await newDatabase()
      const sessions = await Promise.all(Array.from({ length: 10 }, (_, n) => database.connect(settings, token(n + 1))))
      await Promise.all(sessions.map((session) => session.ensureSchema()))
      await Promise.all(sessions.map((session) => session.ensureSchema()))
      const states = await Promise.all(sessions.map((session) => session.readState()))
      await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()))
      expect(new Set(states.map((state) => JSON.stringify(state)))).toEqual(
        new Set([JSON.stringify({ head: null, applied: [], reverted: [], progress: [] })]),
      )
    })
  })

  describe('the fence', () => {
    const withSession = async (settings: TargetSettings) => {
      const session = await use().database.connect(settings, token(1))
      await session.ensureSchema()
      return session
    }
    const fresh = async () => {
      const settings = await use().newDatabase()
      return { settings, session: await withSession(settings) }
    }

    test('given no row, when it is raised at the first attach, then the row is made', async () => {
      const { settings, session } = await fresh()
      await using _ = session
      const lease = leaseOf(settings.target, 1)
      expect(await session.raiseFence(lease, true)).toEqual({ kind: 'raised', from: null })
    })

    test('given no row, when it is raised later, then it is absent, and so is every other target', async () => {
      const { settings, session } = await fresh()
      await using _ = session
      const lease = leaseOf(settings.target, 2)
      expect(await session.raiseFence(lease, false)).toEqual({ kind: 'absent', others: [] })
    })

    test('given another target’s row, when it is raised at the first attach, then it is absent and the other named', async () => {
      const { settings, session } = await fresh()
      await using _ = session
      await session.raiseFence(leaseOf('other' as TargetName, 5), true)
      const lease = leaseOf(settings.target, 1)
      expect(await session.raiseFence(lease, true)).toEqual({ kind: 'absent', others: ['other'] })
    })

    test.each([
      [3, { kind: 'raised', from: 2 }],
      [2, { kind: 'higher', token: 2 }],
      [1, { kind: 'higher', token: 2 }],
    ])('given token 2, when it is raised to %i, then it says %o', async (ours, raise) => {
      const { settings, session } = await fresh()
      await using _ = session
      await session.raiseFence(leaseOf(settings.target, 2), true)
      expect(await session.raiseFence(leaseOf(settings.target, ours), false)).toEqual(raise)
    })

    test('given a raise whose answer was lost, when it is repeated, then it does not pass for a second one', async () => {
      const { settings, session } = await fresh()
      await using _ = session
      const lease = leaseOf(settings.target, 2)
      await session.raiseFence(lease, true)
      expect(await session.raiseFence(lease, true)).toEqual({ kind: 'higher', token: 2 })
    })

    test('given no schema, when the fences are read, then there are none, and none is made', async () => {
      const settings = await use().newDatabase()
      await using session = await use().database.connect(settings, token(1))
      expect(await session.readFences()).toEqual([])
      expect(await session.readFences()).toEqual([])
    })

    test('given fences, when they are read, then each has its target and token, and none was raised', async () => {
      const { settings, session } = await fresh()
      await using _ = session
      await session.raiseFence(leaseOf(settings.target, 7), true)
      for (let round = 0; round < 2; round++)
        expect(await session.readFences()).toEqual([{ target: settings.target, token: 7 }])
    })

    test('given the fence of another target, when the database is accepted, then it has the own one alone', async () => {
      const { settings, session } = await fresh()
      await using _ = session
      await session.raiseFence(leaseOf('other' as TargetName, 5), true)
      await session.acceptFence(leaseOf(settings.target, 6))
      expect(await session.readFences()).toEqual([{ target: settings.target, token: 6 }])
      expect(await session.raiseFence(leaseOf(settings.target, 7), false)).toEqual({ kind: 'raised', from: 6 })
    })

    test('given a fence as high as the lease, when the database is accepted, then that is refused and all stays', async () => {
      const { settings, session } = await fresh()
      await using _ = session
      await session.raiseFence(leaseOf(settings.target, 7), true)
      await expect(session.acceptFence(leaseOf(settings.target, 7))).rejects.toMatchObject({ code: 'LEASE_LOST' })
      expect(await session.readFences()).toEqual([{ target: settings.target, token: 7 }])
      await session.acceptFence(leaseOf(settings.target, 8))
      expect(await session.readFences()).toEqual([{ target: settings.target, token: 8 }])
    })

    const units = '-- lockstep:transaction=none\ncreate index concurrently i on t (id); vacuum t'

    test.each(['commitStep', 'openUnit', 'runUnit', 'closeUnit', 'recordFailure'] as const)(
      'given a worker whose fence another raised, when it calls %s, then its lease is lost and nothing happened',
      async (call) => {
        const settings = await use().newDatabase()
        await using stale = await attachTarget(use().database, settings, leaseOf(settings.target, 1))
        await stale.session.commitStep(await orderOf(stale, sourceOf('create table t (id int)', 'first')))
        const before = await stale.session.readState()
        await stale.session.raiseFence(leaseOf(settings.target, 2), false)
        const source = sourceOf(units)
        const step = await orderOf(stale, sourceOf('create table late (id int)'))
        const order = await orderOf(stale, source)
        const unit = firstUnit(source)
        const calls = {
          commitStep: () => stale.session.commitStep(step),
          openUnit: () => stale.session.openUnit(order, unit),
          runUnit: () => stale.session.runUnit(order, unit),
          closeUnit: () => stale.session.closeUnit(order, unit, 'not-last'),
          recordFailure: () => stale.session.recordFailure(order, { code: 'MIGRATION_FAILED', message: '', hint: '' }),
        }
        await expect(calls[call]()).rejects.toMatchObject({ code: 'LEASE_LOST' })
        expect(await stale.session.readState()).toEqual(before)
        expect(await stale.session.examineUnit(order, unit)).toBe('absent')
      },
    )

    test('given the right token of another worker, when it commits, then its lease is lost', async () => {
      const settings = await use().newDatabase()
      await using target = await attachTarget(use().database, settings, leaseOf(settings.target, 1))
      const order = await orderOf(target, sourceOf('create table t (id int)'))
      const impostor = { ...order, lease: leaseOf(settings.target, 1) }
      await expect(target.session.commitStep(impostor)).rejects.toMatchObject({ code: 'LEASE_LOST' })
    })
  })
}

const firstUnit = ({ body }: StepSource): Unit => {
  const unit = body.kind === 'units' ? body.units[0] : undefined
  if (unit === undefined) throw new Error('expected units')
  return unit
}

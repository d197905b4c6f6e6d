import { describe, expect, test } from 'vitest'
import { token } from '../../functions/domain/types.ts'
import { attachTarget, commitText, leaseOf, orderOf, sourceOf } from '../support/step-orders.ts'
import type { TargetFixture } from './target-database.ts'

/** Fails on PostgreSQL by what it does, in memory by what it says. */
const failing = 'select 1 / 0 -- fails: 22012'

export function stepTests(use: () => TargetFixture): void {
  describe('steps and receipts', () => {
    const attached = async (ours = 1) => {
      const settings = await use().newDatabase()
      return await attachTarget(use().database, settings, leaseOf(settings.target, ours, { attachedOnce: false }))
    }

    test('given steps up, when the state is read, then they are applied in byte order and the head is the newest', async () => {
      await using target = await attached()
      for (const name of ['20251118_x', '20251118210258_y', 'é', 'z', 'Z']) {
        await commitText(target, `select '${name}'`, name)
      }
      const state = await target.session.readState()
      expect(state.applied.map(({ migration }) => migration)).toEqual(['20251118210258_y', '20251118_x', 'Z', 'z', 'é'])
      expect(state.head).toEqual({ token: 1, n: 5 })
    })

    test('given a step, when it is committed, then the answer, the receipt and the applied row say the same', async () => {
      await using target = await attached()
      const order = await orderOf(target, sourceOf('select 1', 'a'), { attempt: 3, outOfOrder: true })
      const receipt = await target.session.commitStep(order)
      const { applied } = await target.session.readState()
      expect(receipt).toMatchObject({
        key: { token: 1, n: 1 },
        ...{ migration: 'a', direction: 'up', outcome: 'committed', attempt: 3, outOfOrder: true },
        ...{ checksum: order.source.migration.checksum, bundle: order.bundle, run: order.run },
      })
      expect(receipt.durationMs).toBe(Date.parse(receipt.finishedAt) - Date.parse(receipt.startedAt))
      expect(await target.session.receiptsAfter(null, 10)).toEqual([receipt])
      expect(applied).toEqual([
        { migration: 'a', checksum: receipt.checksum, receipt: receipt.key, run: receipt.run, at: expect.any(String) },
      ])
    })

    test('given ways back, when what is applied above a receipt is read, then each comes with its own, the newest first', async () => {
      await using target = await attached()
      const wayBack = { down: { path: 'b/down.sql', text: "-- é\r\nselect '\\'" }, irreversible: 'why' }
      const first = await commitText(target, 'select 1', 'a')
      const second = await target.session.commitStep(await orderOf(target, { ...sourceOf('select 2', 'b'), wayBack }))
      const third = await commitText(target, 'select 3', 'c')
      const applied = await target.session.appliedAfter(first.key)
      expect(applied.map(({ migration, receipt }) => ({ migration, receipt }))).toEqual([
        { migration: 'c', receipt: third.key },
        { migration: 'b', receipt: second.key },
      ])
      expect(applied.map((step) => step.wayBack)).toEqual([{}, wayBack])
      expect(await target.session.appliedAfter(null)).toHaveLength(3)
    })

    test('given a step that fails, when it is sent, then nothing is recorded, and it may be sent again', async () => {
      await using target = await attached()
      const order = await orderOf(target, sourceOf(failing))
      const failed = { code: 'MIGRATION_FAILED', details: { migration: 'm', sqlState: '22012' } }
      await expect(target.session.commitStep(order)).rejects.toMatchObject(failed)
      await expect(target.session.commitStep(order)).rejects.toMatchObject(failed)
      expect(await target.session.readState()).toEqual({ head: null, applied: [], reverted: [], progress: [] })
    })

    test('given a failure, when it is recorded, then the receipt is there and the migration is not applied', async () => {
      await using target = await attached()
      const order = await orderOf(target, sourceOf(failing))
      const failure = {
        code: 'MIGRATION_FAILED',
        message: 'division by zero',
        hint: 'correct it',
        sqlState: '22012',
      } as const
      const receipt = await target.session.recordFailure(order, failure)
      expect(receipt).toMatchObject({ key: order.key, outcome: 'failed', failure })
      expect(await target.session.receiptsAfter(null, 10)).toEqual([receipt])
      expect(await target.session.readState()).toMatchObject({ head: order.key, applied: [], reverted: [] })
    })

    test('given a step down, when it is committed, then the migration is reverted, with the checksum that it had', async () => {
      await using target = await attached()
      await commitText(target, 'select 1', 'a')
      const down = await orderOf(target, sourceOf('select 1', 'a'), { direction: 'down' })
      await target.session.commitStep(down)
      const { applied, reverted } = await target.session.readState()
      expect({ applied, reverted }).toEqual({
        applied: [],
        reverted: [{ migration: 'a', checksum: down.source.migration.checksum, receipt: down.key, run: down.run }],
      })
      await commitText(target, 'select 2', 'a')
      expect((await target.session.readState()).reverted).toEqual([])
    })

    test.each(['up', 'down'] as const)(
      'given a migration that went %s, when it goes there again, then it conflicts',
      async (direction) => {
        await using target = await attached()
        await commitText(target, 'select 1', 'a')
        if (direction === 'down') {
          await target.session.commitStep(await orderOf(target, sourceOf('select 1', 'a'), { direction }))
        }
        const again = await orderOf(target, sourceOf('select 1', 'a'), { direction })
        await expect(target.session.commitStep(again)).rejects.toMatchObject({ code: 'STEP_CONFLICT' })
      },
    )

    test.each([
      ['another head than the newest', { head: { token: token(1), n: 7 } }],
      ['no head where there is one', { head: null }],
      ['a key that does not follow', { key: { token: token(1), n: 1 } }],
    ])(
      'given an order with %s, when it is committed or recorded as failed, then it conflicts',
      async (_what, changes) => {
        await using target = await attached()
        await commitText(target, 'select 1', 'a')
        const order = await orderOf(target, sourceOf('select 1', 'b'), changes)
        const failure = { code: 'MIGRATION_FAILED', message: '', hint: '' } as const
        await expect(target.session.commitStep(order)).rejects.toMatchObject({ code: 'STEP_CONFLICT' })
        await expect(target.session.recordFailure(order, failure)).rejects.toMatchObject({ code: 'STEP_CONFLICT' })
      },
    )

    test('given receipts of two tokens, when they are read after a key, then they come in order and bounded', async () => {
      await using target = await attached(9)
      for (const name of ['a', 'b', 'c']) await commitText(target, 'select 1', name)
      const lease = leaseOf(target.lease.target, 10)
      await target.session.raiseFence(lease, false)
      await commitText({ ...target, lease }, 'select 1', 'd')
      const read = await target.session.receiptsAfter({ token: token(9), n: 1 }, 2)
      const rest = await target.session.receiptsAfter({ token: token(9), n: 3 }, 2)
      expect(read.map(({ key, migration }) => [key.token, key.n, migration])).toEqual([
        [9, 2, 'b'],
        [9, 3, 'c'],
      ])
      expect(rest.map(({ key, migration }) => [key.token, key.n, migration])).toEqual([[10, 1, 'd']])
    })

    test('given a session without the lock, when it commits, then it is refused and nothing is recorded', async () => {
      const { database, newDatabase } = use()
      const settings = await newDatabase()
      await using session = await database.connect(settings, token(1))
      const lease = leaseOf(settings.target, 1)
      await session.ensureSchema()
      await session.raiseFence(lease, true)
      const target = { session, lease, settings, [Symbol.asyncDispose]: async () => {} }
      await expect(commitText(target, 'select 1')).rejects.toMatchObject({ code: 'LOCK_RELEASED' })
      expect((await session.readState()).head).toBeNull()
    })

    test('given calls that overlap, when they answer, then none disturbed another', async () => {
      await using target = await attached()
      const order = await orderOf(target, sourceOf('create table t (id int)', 'a'))
      const [receipt, , read] = await Promise.all([
        target.session.commitStep(order),
        target.session.readState(),
        target.session.receiptsAfter(null, 10),
      ])
      expect(read).toEqual([receipt])
    })
  })
}

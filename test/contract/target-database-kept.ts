import { describe, expect, test } from 'vitest'
import { attachTarget, commitText, leaseOf, orderOf, sourceOf } from '../support/step-orders.ts'
import type { TargetFixture } from './target-database.ts'

/** Holds three rows on PostgreSQL because they are there, in memory because it says so. */
const made = `create table a (id int primary key, x text); insert into a select n, n from generate_series(1, 3) n;
  create table b (id int); insert into b select n from generate_series(1, 3) n`
const dropped = 'alter table a drop column x; drop table b -- keeps: 3'
const back = 'alter table a add column x text; create table b (id int)'

export function keptTests(use: () => TargetFixture): void {
  describe('what is kept', () => {
    const attached = async () => {
      const settings = await use().newDatabase()
      return await attachTarget(use().database, settings, leaseOf(settings.target, 1))
    }

    const inBoth = [
      { table: 'public.a', columns: ['x'], rows: 3 },
      { table: 'public.b', rows: 3 },
    ]

    test('given a step that drops, when it is committed, then its answer, its receipt and the list tell what is kept', async () => {
      await using target = await attached()
      await commitText(target, made, 'first')
      const receipt = await commitText(target, dropped)
      expect(receipt.kept).toEqual(inBoth)
      expect(await target.session.receiptsAfter({ ...receipt.key, n: receipt.key.n - 1 }, 10)).toEqual([receipt])
      const tables = await target.session.keptTables()
      expect(tables).toEqual(
        inBoth.map((kept) => ({
          ...kept,
          ...{ migration: 'm', receipt: receipt.key, open: false },
          ...{ name: expect.any(String), at: expect.any(String), bytes: expect.any(Number) },
        })),
      )
      expect(new Set(tables.map(({ name }) => name)).size).toBe(2)
    })

    test('given what is kept, when the step is taken back, then the receipt tells it and nothing is kept', async () => {
      await using target = await attached()
      await commitText(target, made, 'first')
      const { key } = await commitText(target, dropped)
      const order = await orderOf(target, sourceOf(back), { direction: 'down', undoes: key })
      const receipt = await target.session.commitStep(order)
      expect(receipt.kept?.toSorted((one, other) => one.table.localeCompare(other.table))).toEqual(inBoth)
      expect(await target.session.keptTables()).toEqual([])
    })

    test('given preserve=none, when a step drops, then nothing is kept', async () => {
      await using target = await attached()
      await commitText(target, made, 'first')
      expect(await commitText(target, `-- lockstep:preserve=none\n${dropped}`)).not.toHaveProperty('kept')
      expect(await target.session.keptTables()).toEqual([])
    })

    test('given what is kept, when some is dropped for good, then the rest is there, and only if it was agreed', async () => {
      await using target = await attached()
      await commitText(target, made, 'first')
      await commitText(target, dropped)
      const { session } = target
      const [one, other] = await session.keptTables()
      expect(await session.dropKept([one?.name ?? ''], async () => 'undo')).toBe('undo')
      expect(await session.keptTables()).toHaveLength(2)
      const disagreed = session.dropKept([one?.name ?? ''], () => Promise.reject(new Error('no audit')))
      await expect(disagreed).rejects.toThrow('no audit')
      expect(await session.keptTables()).toHaveLength(2)
      expect(await session.dropKept([one?.name ?? ''], async () => 'commit')).toBe('commit')
      expect(await session.keptTables()).toEqual([other])
    })

    test('given a session without the advisory lock, when it drops what is kept, then it is refused', async () => {
      await using target = await attached()
      await commitText(target, made, 'first')
      await commitText(target, dropped)
      const [one] = await target.session.keptTables()
      await using other = await use().database.connect(target.settings, target.lease.token)
      const refused = other.dropKept([one?.name ?? ''], async () => 'commit')
      await expect(refused).rejects.toMatchObject({ code: 'LOCK_RELEASED' })
      expect(await target.session.keptTables()).toHaveLength(2)
    })
  })
}

import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Unit, UnitEffect } from '../../functions/domain/step-source.ts'
import type { StepOrder } from '../../functions/engine/target-database.ts'
import { eventually } from '../support/eventually.ts'
import { type RealTarget, realTarget } from '../support/real-target.ts'
import { commitText, orderOf, sourceOf } from '../support/step-orders.ts'

let target: RealTarget
beforeAll(async () => {
  target = await realTarget()
})
afterAll(() => target[Symbol.asyncDispose]())
beforeEach(async () => {
  await target.ask(`
    drop schema public cascade;
    create schema public authorization pg_database_owner;
    truncate lockstep.applied, lockstep.progress`)
  await commitText(target, 'create table t (id int); insert into t values (1), (1)', 'first')
})

/** The one statement of a text, as the unit that it becomes. */
const unitIn = async (text: string): Promise<{ readonly order: StepOrder; readonly unit: Unit }> => {
  const order = await orderOf(target, sourceOf(`-- lockstep:transaction=none\n${text}`))
  const [unit] = order.source.body.kind === 'units' ? order.source.body.units : []
  if (unit === undefined) throw new Error(`no unit in: ${text}`)
  return { order, unit }
}

const run = async (text: string) => {
  const { order, unit } = await unitIn(text)
  await target.session.openUnit(order, unit)
  return await target.session.runUnit(order, unit)
}

const examine = async (text: string) => {
  const { order, unit } = await unitIn(text)
  return await target.session.examineUnit(order, unit)
}

const clear = async (text: string) => {
  const { order, unit } = await unitIn(text)
  await target.session.clearUnit(order, unit)
}

const indexes = async () => {
  const rows = await target.ask<{ name: string; valid: boolean }>(`
    select c.oid::regclass::text as name, i.indisvalid as valid
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where c.relnamespace = 'public'::regnamespace order by 1`)
  return Object.fromEntries(rows.map(({ name, valid }) => [name, valid]))
}

const openOther = async () => {
  const client = new Client({ connectionString: target.database.superuserUrl })
  client.on('error', () => {})
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}

const failedWith = (sqlState: string) => ({ code: 'MIGRATION_FAILED', details: { sqlState } })

describe('a concurrent index build', () => {
  const unique = 'create unique index concurrently u on t (id)'

  test('given rows that break it, when it fails, then the invalid index is seen, and clearing drops exactly that one', async () => {
    await expect(run(unique)).rejects.toMatchObject(failedWith('23505'))
    await expect(run('create unique index concurrently other on t (id)')).rejects.toMatchObject(failedWith('23505'))
    expect(await examine(unique)).toBe('invalid')
    await clear(unique)
    expect(await indexes()).toEqual({ other: false })
    expect(await examine(unique)).toBe('absent')
  })

  test('given an invalid index, when it is built if not exists, then it “succeeds”, and is seen to be invalid all the same', async () => {
    await expect(run(unique)).rejects.toThrow()
    const again = unique.replace('concurrently', 'concurrently if not exists')
    await run(again)
    expect(await examine(again)).toBe('invalid')
  })

  test('given a valid index, when it is cleared, then it stays', async () => {
    await run('create index concurrently i on t (id)')
    await clear('create index concurrently i on t (id)')
    expect(await indexes()).toEqual({ i: true })
    expect(await examine('create index concurrently i on t (id)')).toBe('done')
  })

  test('given a backend that is ended in the middle, when another asks, then it sees the invalid index', async () => {
    await using own = await realTarget()
    await commitText(own, 'create table t (id int)', 'first')
    const client = new Client({ connectionString: own.database.superuserUrl })
    await client.connect()
    await client.query('begin; lock table t in row exclusive mode')
    const order = await orderOf(own, sourceOf('create index concurrently i on t (id); vacuum t'))
    const [unit] = order.source.body.kind === 'units' ? order.source.body.units : []
    if (unit === undefined) throw new Error('expected a unit')
    const running = own.session.runUnit(order, unit).catch((error) => error.code)
    const waits = `select from pg_stat_activity where query like 'create index conc%' and wait_event_type = 'Lock'`
    await eventually(async () => (await own.ask(waits)).length === 1)
    await own.ask(`select pg_terminate_backend(${own.session.backend.pid}, 5000)`)
    await client.end()
    expect(await running).toBe('TARGET_UNREACHABLE')
    expect(await own.ask(`select indisvalid from pg_index where indexrelid = 'i'::regclass`)).toEqual([
      { indisvalid: false },
    ])
  })

  test('given names that need quotes and a schema, when it is built, then it is found under them', async () => {
    await commitText(target, `create schema "S'x"; create table "S'x"."T t" ("I d" int)`, 'quoted')
    const text = `create index concurrently "I ""x" on "S'x"."T t" ("I d")`
    expect(await examine(text)).toBe('absent')
    await run(text)
    expect(await examine(text)).toBe('done')
    expect(await examine(text.replace(`"S'x".`, ''))).toBe('absent')
    await target.ask(`drop schema "S'x" cascade`)
  })
})

describe('other statements that run alone', () => {
  test('given a search path that the file sets, when a unit runs after it, then names mean what they mean there', async () => {
    await commitText(target, 'create schema s; create table s.only_here (id int)', 'schema')
    const text = 'set search_path = s; create index concurrently i on only_here (id)'
    await run(text)
    expect(await examine(text)).toBe('done')
    const { order, unit } = await unitIn('set search_path = s; insert into only_here values (1)')
    await target.session.commitUnit(order, unit, 'last')
    expect(await target.ask('select id from s.only_here')).toEqual([{ id: 1 }])
    await target.ask('drop schema s cascade')
  })

  test('given a unit, when it ran, then it ran as the application role, and the session is as it was', async () => {
    await run('create index concurrently i on t (id)')
    const [owner] = await target.ask(`select relowner::regrole::text as owner from pg_class where relname = 'i'`)
    expect(owner).toEqual({ owner: target.settings.applicationRole })
    expect((await target.session.readState()).applied).toHaveLength(1)
  })

  test('given a unit that runs, when others read meanwhile, then they read as themselves', async () => {
    const { order, unit } = await unitIn('create index concurrently i on t (id)')
    const [, state] = await Promise.all([target.session.runUnit(order, unit), target.session.readState()])
    expect(state.applied).toHaveLength(1)
  })

  test('given directives, when a unit waits for a lock, then its own timeout ends it', async () => {
    await using other = await openOther()
    await other.query('begin; lock table t')
    const text =
      '-- lockstep:transaction=none\n-- lockstep:lock_timeout=50ms\nvacuum t; create index concurrently i on t (id)'
    const order = await orderOf(target, sourceOf(text))
    const unit = order.source.body.kind === 'units' ? order.source.body.units[1] : undefined
    if (unit === undefined) throw new Error('expected a second unit')
    await expect(target.session.runUnit(order, unit)).rejects.toMatchObject(failedWith('55P03'))
  })

  test('given a lock that was lost, when a unit is to run, then it does not', async () => {
    await using own = await realTarget()
    await expect(commitText(own, 'do $$ begin perform pg_advisory_unlock_all(); end $$')).rejects.toThrow()
    const order = await orderOf(own, sourceOf('create index concurrently i on t (id); vacuum'))
    const [unit] = order.source.body.kind === 'units' ? order.source.body.units : []
    if (unit === undefined) throw new Error('expected a unit')
    await expect(own.session.runUnit(order, unit)).rejects.toMatchObject({ code: 'LOCK_RELEASED' })
  })

  test('given a procedure that commits, when it runs alone, then it may, as the application role', async () => {
    const procedure = `create table who (name text); create procedure p() language plpgsql as $$
      begin insert into who values (current_user); commit; end $$`
    await commitText(target, procedure, 'p')
    await run('call p()')
    expect(await target.ask('select name from who')).toEqual([{ name: target.settings.applicationRole }])
  })

  test('given an enum, when a value is added, then it is seen to be there, and not before', async () => {
    await commitText(target, `create type "E e" as enum ('a')`, 'enum')
    const effect: UnitEffect = { kind: 'enum-value', type: 'E e', value: `b's` }
    const { order, unit } = await unitIn(`alter type "E e" add value 'b''s'`)
    expect(await target.session.examineUnit(order, { ...unit, effect })).toBe('absent')
    await target.session.runUnit(order, { ...unit, effect })
    expect(await target.session.examineUnit(order, { ...unit, effect })).toBe('done')
  })

  test('given an index, when it is dropped concurrently, then it is seen to be gone, and not before', async () => {
    await run('create index concurrently i on t (id)')
    expect(await examine('drop index concurrently i')).toBe('absent')
    await run('drop index concurrently i')
    expect(await examine('drop index concurrently i')).toBe('done')
  })

  test('given a drop that was cut off, when it runs again, then the invalid index is gone', async () => {
    await run('create index concurrently i on t (id)')
    await using other = await openOther()
    await other.query('begin; select from t')
    await expect(run('-- lockstep:statement_timeout=200ms\ndrop index concurrently i')).rejects.toMatchObject(
      failedWith('57014'),
    )
    await other.query('commit')
    expect(await indexes()).toEqual({ i: false })
    expect(await examine('drop index concurrently i')).toBe('absent')
    await run('drop index concurrently i')
    expect(await indexes()).toEqual({})
  })

  test('given a rebuild that was cut off, when it is cleared, then only what it left is dropped', async () => {
    await run('create index concurrently i on t (id)')
    await run('create index concurrently mine_ccnew on t (id)')
    await using other = await openOther()
    await other.query('begin; select from t')
    await expect(run('-- lockstep:statement_timeout=200ms\nreindex index concurrently i')).rejects.toMatchObject(
      failedWith('57014'),
    )
    await other.query('commit')
    expect(Object.keys(await indexes())).toHaveLength(3)
    for (const text of [
      'reindex index concurrently i',
      'reindex table concurrently t',
      'reindex schema concurrently public',
    ]) {
      expect(await examine(text)).toBe('invalid')
    }
    await clear('reindex index concurrently i')
    expect(await indexes()).toEqual({ i: true, mine_ccnew: true })
    expect(await examine('reindex index concurrently i')).toBe('absent')
  })

  test('given a partition that was detached by half, when it is detached again, then the detaching is finished', async () => {
    const tables = `
      create table p (id int) partition by range (id);
      create table p1 partition of p for values from (1) to (2)`
    await commitText(target, tables, 'partitions')
    await using other = await openOther()
    await other.query('begin; select from p')
    const text = '-- lockstep:statement_timeout=200ms\nalter table p detach partition p1 concurrently'
    await expect(run(text)).rejects.toMatchObject(failedWith('57014'))
    await other.query('commit')
    expect(await target.ask('select inhdetachpending from pg_inherits')).toEqual([{ inhdetachpending: true }])
    expect(await examine(text)).toBe('absent')
    await run(text)
    expect(await examine(text)).toBe('done')
  })

  test.each([
    ['vacuum t', 'absent'],
    ['create index concurrently on t (id)', 'unknown'],
  ])('given %s, when the catalog is asked, then it is %s', async (text, evidence) => {
    expect(await examine(text)).toBe(evidence)
  })
})

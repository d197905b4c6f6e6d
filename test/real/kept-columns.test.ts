import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { postgresDatabase } from '../../functions/adapters/postgres-database.ts'
import { down, keptTables, up } from '../support/kept-story.ts'
import { type RealTarget, realTarget } from '../support/real-target.ts'
import { attachTarget, leaseOf } from '../support/step-orders.ts'

let target: RealTarget
beforeEach(async () => {
  target = await realTarget()
})
afterEach(() => target[Symbol.asyncDispose]())

const rowsOf = (table: string) => target.ask(`select * from ${table} order by 1`)

describe('the values of a dropped column', () => {
  test('given a thousand users, when their column is dropped and comes back, then every value is where it was', async () => {
    await up(
      target,
      `create table "User" ("id" text primary key, "name" text not null, "lemonSqueezyCustomerPortalUrl" text);
      insert into "User" select 'u' || n, 'name ' || n, case when n % 3 > 0 then 'https://lemon.example/' || md5(n::text) end
      from generate_series(1, 1000) n`,
      'init',
    )
    const before = await target.ask('select "id", "name", "lemonSqueezyCustomerPortalUrl" from "User" order by "id"')
    const applied = await up(target, 'ALTER TABLE "User" DROP COLUMN "lemonSqueezyCustomerPortalUrl"')
    expect(applied.kept).toEqual([{ table: 'public."User"', columns: ['lemonSqueezyCustomerPortalUrl'], rows: 667 }])
    await target.ask(`update "User" set "name" = 'changed meanwhile' where "id" = 'u7'`)
    await target.ask(`delete from "User" where "id" = 'u8'`)
    await target.ask(`insert into "User" values ('new', 'came meanwhile')`)
    const reverted = await down(target, 'ALTER TABLE "User" ADD COLUMN "lemonSqueezyCustomerPortalUrl" TEXT', applied)
    expect(reverted.kept).toEqual([{ table: 'public."User"', columns: ['lemonSqueezyCustomerPortalUrl'], rows: 666 }])
    const after = await target.ask('select "id", "name", "lemonSqueezyCustomerPortalUrl" from "User" order by "id"')
    const expected = [
      ...before
        .filter((row) => (row as { id: string }).id !== 'u8')
        .map((row) => ((row as { id: string }).id === 'u7' ? { ...row, name: 'changed meanwhile' } : row)),
      { id: 'new', name: 'came meanwhile', lemonSqueezyCustomerPortalUrl: null },
    ]
    expect(after).toEqual(expected.sort((a, b) => ((a as { id: string }).id < (b as { id: string }).id ? -1 : 1)))
    expect(await keptTables(target)).toEqual([])
    expect(await target.session.receiptsAfter(applied.key, 10)).toEqual([reverted])
  })

  test.each([
    ['jsonb', `'{"a": [1, null, "é"]}'`],
    ['text[]', `array['a,b', null, '"']`],
    ['bytea', `'\\x00ff'`],
    ['double precision', '0.1::float8 + 0.2'],
    ['numeric(20, 5)', '12345.6789'],
    ['timestamptz', `'2024-02-29 12:00:00.123456+05'`],
    ['interval', `'1 mon -3 days 00:00:01.5'`],
    ['int4range', `'[1,5)'`],
    ['varchar(5) collate "C"', `'abcde'`],
    ['uuid', 'gen_random_uuid()'],
    ['mood', `'so so'`],
    ['mood[]', `array['so so', null]::mood[]`],
    ['short', `'abc'`],
    ['pair', `row(1, '2024-02-29 12:00:00+00'::timestamptz, 'x,"y')`],
    ['halves', `'[0.5,0.75)'`],
  ])(
    'given values of type %s, when the column and its type go and come back, then they are the same',
    async (type, value) => {
      const types = `create type mood as enum ('so so', 'well'); create domain short as text check (length(value) < 9);
      create type pair as (a int, at timestamptz, b text); create type halves as range (subtype = float8);`
      const drop = 'drop type mood; drop domain short; drop type pair; drop type halves;'
      await up(
        target,
        `${types} create table t (id int primary key, a ${type}); insert into t values (1, ${value}), (2, null)`,
        'init',
      )
      const before = await rowsOf('t')
      const applied = await up(target, `alter table t drop column a; ${drop}`)
      await down(target, `${types} alter table t add column a ${type}`, applied)
      expect(await rowsOf('t')).toEqual(before)
      expect(applied.kept).toEqual([{ table: 'public.t', columns: ['a'], rows: 1 }])
    },
  )

  test('given a session that writes dates in another order than the next, when a column comes back, then its dates are the same', async () => {
    const make = 'create type span as (day date)'
    await up(
      target,
      `${make}; create table t (id int primary key, a span); insert into t values (1, row('2024-03-04'))`,
      'init',
    )
    await target.ask(`alter database ${target.database.name} set datestyle = 'SQL, DMY'`)
    await target.session[Symbol.asyncDispose]()
    const { settings } = target
    await using next = await attachTarget(postgresDatabase(), settings, leaseOf(settings.target, 2))
    const applied = await up({ ...target, ...next }, 'alter table t drop column a; drop type span')
    await down({ ...target, ...next }, `set datestyle = 'SQL, MDY'; ${make}; alter table t add column a span`, applied)
    expect(await target.ask('select extract(month from (a).day)::int as month from t')).toEqual([{ month: 3 }])
  })

  test('given a default, when the column comes back, then nulls are nulls again, and new rows have the default', async () => {
    await up(
      target,
      `create table t (id int primary key, a text default 'x'); insert into t values (1, 'x'), (2, null), (3, 'y')`,
      'init',
    )
    const applied = await up(target, 'alter table t drop column a')
    await target.ask('insert into t values (4)')
    await down(target, `alter table t add column a text default 'x'`, applied)
    expect(await rowsOf('t')).toEqual([
      { id: 1, a: 'x' },
      { id: 2, a: null },
      { id: 3, a: 'y' },
      { id: 4, a: 'x' },
    ])
  })

  test.each([
    ['only nulls', 'create table t (id int primary key, a text); insert into t values (1)', 'alter table t drop a'],
    ['no rows', `create table t (id int primary key, a text default 'x')`, 'alter table t drop a'],
    [
      'a generated column',
      'create table t (id int primary key, a int generated always as (id * 2) stored); insert into t values (1)',
      'alter table t drop a',
    ],
    [
      'a column that is not there',
      'create table t (id int primary key); insert into t values (1)',
      'alter table t drop column if exists a',
    ],
    ['a table that is not there', 'select 1', 'alter table if exists t drop a; drop table if exists t'],
    ['a view', 'create view t as select 1 as a', 'drop view t'],
  ])('given %s, when it is dropped, then nothing is kept', async (_what, init, drop) => {
    await up(target, init, 'init')
    const applied = await up(target, drop)
    expect(applied).not.toHaveProperty('kept')
    expect(await target.ask(`select to_regnamespace('lockstep_kept') as schema`)).toEqual([{ schema: null }])
  })

  test('given a key of several columns and a unique one, when columns go and come back, then the primary key puts them back', async () => {
    await up(
      target,
      `create table t (a int, b text, c int not null unique, x int, y mood_text);`.replace('mood_text', 'text') +
        `alter table t add primary key (b, a); insert into t values (1, 'p', 10, 1, 'a'), (1, 'q', 20, null, 'b'), (2, 'p', 30, 3, null)`,
      'init',
    )
    const before = await rowsOf('t')
    const applied = await up(target, 'alter table t drop x, drop y')
    await down(target, 'alter table t add x int, add y text', applied)
    expect(await rowsOf('t')).toEqual(before)
  })

  test.each([
    ['no key', 'create table t (id int, a int)'],
    ['a key that may be null', 'create table t (id int unique, a int)'],
    ['a key of some rows', 'create table t (id int not null, a int); create unique index on t (id) where id > 0'],
    ['a key that goes too', 'create table t (id int not null, a int primary key)'],
  ])(
    'given %s, when a column with values is dropped, then the step is refused and tells the choice',
    async (_what, create) => {
      await up(target, `${create}; insert into t values (1, 1)`, 'init')
      await expect(up(target, 'alter table t drop a')).rejects.toMatchObject({
        code: 'KEEP_IMPOSSIBLE',
        message: expect.stringContaining('column a of public.t holds values'),
        hint: expect.stringContaining('-- lockstep:preserve=none'),
      })
      expect(await rowsOf('t')).toEqual([{ id: 1, a: 1 }])
      const applied = await up(target, '-- lockstep:preserve=none\nalter table t drop a')
      expect(applied).not.toHaveProperty('kept')
    },
  )

  test('given no key and no values, when the column is dropped, then it goes', async () => {
    await up(target, 'create table t (id int, a int); insert into t values (1)', 'init')
    expect(await up(target, 'alter table t drop a')).toMatchObject({ outcome: 'committed' })
  })

  test('given a trigger that changes rows, when values are put back, then it rests, and fires again after', async () => {
    await up(
      target,
      `create table t (id int primary key, a int, touched int not null default 0);
      create function touch() returns trigger language plpgsql as $$ begin new.touched := new.touched + 1; return new; end $$;
      create trigger touch before update on t for each row execute function touch();
      create trigger off before update on t for each row execute function touch();
      alter table t disable trigger off; insert into t values (1, 7)`,
      'init',
    )
    const applied = await up(target, 'alter table t drop a')
    await down(target, 'alter table t add a int', applied)
    expect(await rowsOf('t')).toEqual([{ id: 1, touched: 0, a: 7 }])
    await target.ask('update t set a = 8')
    expect(await rowsOf('t')).toEqual([{ id: 1, touched: 1, a: 8 }])
  })

  test.each([
    ['does not make the column again', 'select 1', 'did not make column a again'],
    ['makes another type of it', 'alter table t add a int', 'invalid input syntax for type integer'],
    ['makes it too short', 'alter table t add a varchar(2)', 'value too long'],
    ['drops the table', 'drop table t', 'did not make that table again'],
    ['drops the key', 'alter table t add a text, drop id', 'column t.id does not exist'],
  ])('given a down file that %s, when it runs, then it fails and nothing is lost', async (_what, text, message) => {
    await up(target, `create table t (id int primary key, a text, b int); insert into t values (1, 'abc', 1)`, 'init')
    const applied = await up(target, 'alter table t drop a')
    await expect(down(target, text, applied)).rejects.toMatchObject({
      code: 'KEEP_NOT_RESTORED',
      message: expect.stringContaining(message),
    })
    expect(await keptTables(target)).toHaveLength(1)
    await down(target, 'alter table t add a text', applied)
    expect(await rowsOf('t')).toEqual([{ id: 1, b: 1, a: 'abc' }])
  })

  test('given a down file that says preserve=none, when it runs, then its own values stand and what was kept stays', async () => {
    await up(target, `create table t (id int primary key, a text); insert into t values (1, 'abc')`, 'init')
    const applied = await up(target, 'alter table t drop a')
    await down(target, `-- lockstep:preserve=none\nalter table t add a text default 'own'`, applied)
    expect(await rowsOf('t')).toEqual([{ id: 1, a: 'own' }])
    expect(await keptTables(target)).toHaveLength(1)
  })
})

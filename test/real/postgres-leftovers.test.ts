import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RealTarget, realTarget } from '../support/real-target.ts'
import { commitText, orderOf, unjudgedSource } from '../support/step-orders.ts'

let target: RealTarget
beforeAll(async () => {
  target = await realTarget()
})
afterAll(() => target[Symbol.asyncDispose]())
beforeEach(async () => {
  await target.ask(`
    drop schema public cascade;
    create schema public authorization pg_database_owner;
    truncate lockstep.applied`)
})

const commitUnjudged = async (text: string) => target.session.commitStep(await orderOf(target, unjudgedSource(text)))

describe('what a step leaves in the session', () => {
  test.each([
    ['a temporary table', 'create temporary table "User" (id int)', `select to_regclass('pg_temp."User"') is null`],
    ['a subscription', 'listen news', 'select count(*) = 0 from pg_listening_channels()'],
    ['a prepared statement', 'prepare p as select 1', 'select count(*) = 0 from pg_prepared_statements'],
    ['a cursor', 'declare c cursor with hold for select 1', 'select count(*) = 0 from pg_cursors'],
    ['a search path', 'set search_path = pg_catalog', `select current_setting('search_path') = 'public'`],
    [
      'a sequence’s last value',
      `create sequence s; select nextval('s');
       create function forgotten() returns boolean language plpgsql as $$
       begin perform lastval(); return false; exception when others then return true; end $$`,
      'select forgotten()',
    ],
  ])('given %s, when the next step runs, then it is gone', async (_what, text, isGone) => {
    await commitText(target, text, 'leaver')
    await commitText(target, `create table a as select (${isGone}) as gone`, 'next')
    expect(await target.ask('select * from a')).toEqual([{ gone: true }])
  })

  test('given a prepared statement of a step that failed, when the next step runs, then it is gone', async () => {
    await expect(commitUnjudged('prepare p as select 1; select 1 / 0')).rejects.toThrow()
    await commitText(
      target,
      'create table a as select (select count(*) = 0 from pg_prepared_statements) as gone',
      'next',
    )
    expect(await target.ask('select * from a')).toEqual([{ gone: true }])
  })

  test('given a temporary table of a step that failed, when the next step alters its namesake, then the real one is altered', async () => {
    await commitText(target, 'create table "User" (id int)', 'first')
    await expect(commitUnjudged('create temporary table "User" (id int); select 1 / 0')).rejects.toThrow()
    await commitText(target, 'create temporary table "User" (id int)', 'second')
    await commitText(target, 'alter table "User" add name text', 'third')
    const [row] = await target.ask(`select count(*)::int from information_schema.columns where table_name = 'User'`)
    expect(row).toEqual({ count: 2 })
  })
})

describe('notices', () => {
  const shout = (count: number) => `do $$ begin for n in 1..${count} loop raise notice 'row %', n; end loop; end $$`

  test('given a listener, when a step raises ten thousand, then a hundred are heard and the next step starts anew', async () => {
    const heard: string[] = []
    await using own = await realTarget(
      {},
      { onNotice: (_target, { code, message, migration }) => heard.push(`${migration} ${code} ${message}`) },
    )
    await commitText(own, shout(10_000), 'loud')
    await commitText(own, shout(1), 'quiet')
    expect(heard.length).toBe(102)
    expect(heard.slice(-3)).toEqual([
      'loud NOTICE row 100',
      'loud NOTICES_DROPPED more than 100 notices; the rest is dropped',
      'quiet NOTICE row 1',
    ])
  })

  test('given no listener, when a step raises them, then the server is not even asked', async () => {
    await commitText(target, `create table a as select current_setting('client_min_messages') as asked`)
    expect(await target.ask('select * from a')).toEqual([{ asked: 'error' }])
  })
})

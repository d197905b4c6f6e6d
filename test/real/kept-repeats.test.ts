import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { down, keptTables, up } from '../support/kept-story.ts'
import { type RealTarget, realTarget } from '../support/real-target.ts'

let target: RealTarget
beforeEach(async () => {
  target = await realTarget()
})
afterEach(() => target[Symbol.asyncDispose]())

const rowsOf = (table: string) => target.ask(`select * from ${table} order by 1`)

describe('whose values come back', () => {
  test('given a migration that went back, when it is applied again, then it keeps again, and puts the newer values back', async () => {
    await up(target, `create table t (id int primary key, a text); insert into t values (1, 'old')`, 'init')
    const first = await up(target, 'alter table t drop a')
    await down(target, 'alter table t add a text', first)
    await target.ask(`update t set a = 'new'`)
    const second = await up(target, 'alter table t drop a')
    expect(await keptTables(target)).toHaveLength(1)
    await down(target, 'alter table t add a text', second)
    expect(await rowsOf('t')).toEqual([{ id: 1, a: 'new' }])
  })

  test('given two migrations that drop a column of the same name, when both go back, then each gets its own', async () => {
    await up(target, `create table t (id int primary key, a text); insert into t values (1, 'first')`, 'init')
    const first = await up(target, 'alter table t drop a', 'one')
    await up(target, 'alter table t add a text', 'two')
    await target.ask(`update t set a = 'second'`)
    const third = await up(target, 'alter table t drop a', 'three')
    await down(target, 'alter table t add a text', third)
    expect(await rowsOf('t')).toEqual([{ id: 1, a: 'second' }])
    await target.ask('alter table t drop a')
    await down(target, 'alter table t add a text', first)
    expect(await rowsOf('t')).toEqual([{ id: 1, a: 'first' }])
  })

  test('given renames in the file, when it goes back, then the values are under their first names', async () => {
    await up(target, `create table t (id int primary key, a text); insert into t values (1, 'abc')`, 'init')
    const applied = await up(
      target,
      'alter table t rename a to b; alter table t rename to u; alter table u drop column b',
    )
    expect(applied.kept).toEqual([{ table: 'public.t', columns: ['a'], rows: 1 }])
    await down(target, 'alter table u rename to t; alter table t add column a text', applied)
    expect(await rowsOf('t')).toEqual([{ id: 1, a: 'abc' }])
  })

  test('given two schemas of which the file may mean either, when it drops a column, then only what is gone is kept', async () => {
    await up(
      target,
      `create schema s; create table s.t (id int primary key, a text); insert into s.t values (1, 'lost');
      create table public.t (id int primary key, a text); insert into public.t values (1, 'still there')`,
      'init',
    )
    const applied = await up(target, 'set search_path = s, public; alter table t drop column a')
    expect(applied.kept).toEqual([{ table: 's.t', columns: ['a'], rows: 1 }])
    expect(await keptTables(target)).toHaveLength(1)
  })
})

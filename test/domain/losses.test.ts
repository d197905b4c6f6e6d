import { describe, expect, test } from 'vitest'
import { lossesOf } from '../../functions/domain/losses.ts'
import { statementsOf } from '../support/sql-files.ts'

const table = (name: string, schema?: string) => ({ kind: 'table', ...(schema && { schema }), table: name })
const column = (name: string, of: string, schema?: string) => ({
  kind: 'column',
  ...(schema && { schema }),
  table: of,
  column: name,
})
const other = (what: string) => ({ kind: 'other', what })

const losses = (sql: string) => lossesOf(statementsOf(sql))

describe('what a file drops', () => {
  test.each([
    ['drop table a', [table('a')]],
    ['drop table if exists "A", s.b cascade', [table('A'), table('b', 's')]],
    ['drop table db.s.b', [table('b', 's')]],
    ['alter table a drop column x', [column('x', 'a')]],
    [
      'alter table if exists only s.a drop x, drop column if exists "Y" cascade',
      [column('x', 'a', 's'), column('Y', 'a', 's')],
    ],
    ['drop table a; drop table if exists a', [table('a')]],
    ['alter table a drop column x; drop table a', [table('a')]],
    ['alter table p detach partition q; drop table q', [table('q')]],
    ['alter table a drop x; do $$ begin execute $e$drop table b$e$; end $$', [column('x', 'a')]],
  ])('given `%s`, when it is read, then tables and columns are listed once', (sql, expected) => {
    expect(losses(sql)).toEqual(expected)
  })

  test.each([
    ['drop foreign table f'],
    ['drop view v'],
    ['drop materialized view v cascade'],
    ['drop index i'],
    ['drop sequence s cascade'],
    ['drop function f cascade'],
    ['drop type t'],
    ['drop domain d restrict'],
    ['drop schema s'],
    ['alter foreign table f drop column x'],
    ['alter table a drop constraint k, alter column x drop default, alter x drop not null'],
    ['alter table p detach partition q'],
    ['alter view v rename column x to y'],
    ['insert into a values (1) on conflict do nothing'],
    ['create rule r as on insert to a do delete from b'],
    ['create function f() returns int begin atomic delete from b; select 1; end'],
    ['prepare p as delete from b'],
    ['select 1; comment on table a is $$drop table a$$'],
  ])('given `%s`, when it is read, then nothing is lost', (sql) => {
    expect(losses(sql)).toEqual([])
  })
})

describe('names as they are before the file', () => {
  test.each([
    ['alter table a rename to b; drop table b', [table('a')]],
    ['alter table s.a rename to b; drop table s.b', [table('a', 's')]],
    ['alter table a rename column x to y; alter table a drop column y', [column('x', 'a')]],
    [
      'alter table a rename x to y; alter table a rename to b; alter table b rename y to z; alter table b drop z',
      [column('x', 'a')],
    ],
    ['alter table a set schema s; drop table s.a', [table('a')]],
    ['alter schema s rename to t; drop table t.a', [table('a', 's')]],
    ['alter schema s rename to t; alter schema t rename to u; alter table u.a drop x', [column('x', 'a', 's')]],
    [
      'alter table s.a drop x; alter schema s rename to t; alter table t.a drop y',
      [column('x', 'a', 's'), column('y', 'a', 's')],
    ],
    ['alter table a rename to c; alter table b rename to a; alter table c rename to b; drop table a', [table('b')]],
    ['alter table a rename x to z; alter table a rename y to x; alter table a drop x', [column('y', 'a')]],
    ['alter table a drop x; alter table a rename y to x; alter table a drop x', [column('x', 'a'), column('y', 'a')]],
    ['alter table a rename to old; create table a (x int); drop table old', [table('a')]],
  ])('given `%s`, when it is read, then renames are followed back', (sql, expected) => {
    expect(losses(sql)).toEqual(expected)
  })

  test.each([
    ['create table a (x int); drop table a', []],
    ['create table a (x int); alter table a drop x; truncate a; delete from a', []],
    ['create table a (x int); alter table a rename to b; drop table b', []],
    ['create table a as select 1 as x; drop table a', []],
    ['select 1 as x into a; drop table a', []],
    ['create temp table a (x int); drop table a; drop table a', [table('a')]],
    ['create schema s create table a (x int); drop table s.a', []],
    ['drop table a; create table a (x int); drop table a', [table('a')]],
    ['alter table a add column x int; alter table a drop column x', []],
    ['alter table a add x int; alter table a rename x to y; alter table a drop y', []],
    ['alter table a drop x; alter table a add x int; alter table a drop x', [column('x', 'a')]],
    ['alter table a add x int, drop x', [column('x', 'a')]],
    ['create table if not exists a (x int); drop table a', [table('a')]],
    ['alter table a add column if not exists x int; alter table a drop x', [column('x', 'a')]],
  ])('given `%s`, when it is read, then what the file made itself is left out', (sql, expected) => {
    expect(losses(sql)).toEqual(expected)
  })

  test.each([
    ['set search_path = s; drop table a, t.b', [table('a', 's'), table('b', 't')]],
    ['set search_path = s, "T", "$user"; drop table a', [table('a', 's'), table('a', 'T'), table('a')]],
    ["set search_path = ''; drop table s.a", [table('a', 's')]],
    ['set local search_path = s; reset search_path; drop table a', [table('a')]],
    ['set search_path = s; reset all; drop table a', [table('a')]],
    ['alter table public.a rename x to y; alter table a drop y', [column('y', 'a'), column('x', 'a', 'public')]],
    ['create table s.a (x int); drop table a', [table('a')]],
    ['set search_path = s; create table a (x int); drop table s.a', []],
  ])('given `%s`, when it is read, then every table that may be meant is listed', (sql, expected) => {
    expect(losses(sql)).toEqual(expected)
  })
})

describe('what is only named', () => {
  test.each([
    ['delete from s.b', ['deletes rows of s.b']],
    ['update b set x = 1; update b set x = 2', ['updates rows of b']],
    ['truncate a, "B" cascade', ['truncates a', 'truncates "B"']],
    ['with gone as (delete from a returning *) insert into b select * from gone', ['deletes rows of a']],
    ['explain analyze delete from a', ['deletes rows of a']],
    ['create table c as with gone as (delete from a returning *) select * from gone', ['deletes rows of a']],
    ['insert into a values (1) on conflict (x) do update set x = 2', ['updates rows of a']],
    [
      'merge into a using b on a.x = b.x when matched and a.x > 1 then delete when matched then update set x = 1',
      ['deletes rows of a', 'updates rows of a'],
    ],
    ['alter table c alter column d type int', ['changes the type of c.d']],
    ['alter table c rename d to e; alter table c alter e set data type int using e::int', ['changes the type of c.d']],
    [
      'alter type t drop attribute x, alter attribute y type int',
      ['drops attribute t.x', 'changes the type of attribute t.y'],
    ],
    ['drop type s."X", y cascade', ['drops type s."X" cascade', 'drops type y cascade']],
    ['drop domain d cascade', ['drops domain d cascade']],
    ['drop schema a, b cascade', ['drops schema a cascade', 'drops schema b cascade']],
    ['drop extension hstore cascade', ['drops extension hstore cascade']],
    ['drop collation s.c cascade', ['drops collation s.c cascade']],
    ['drop owned by r', ['drops what r owns']],
    ['drop database d', ['drops database d']],
  ])('given `%s`, when it is read, then it says what goes', (sql, expected) => {
    expect(losses(sql)).toEqual(expected.map(other))
  })

  test('given rows that are deleted from a table that goes, when it is read, then only the table is listed', () => {
    expect(losses('delete from a; update a set x = 1; alter table a alter x type int; drop table a')).toEqual([
      table('a'),
    ])
  })
})

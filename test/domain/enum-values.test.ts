import { describe, expect, test } from 'vitest'
import { enumValueUsedAtOnce } from '../../functions/domain/enum-values.ts'
import { compile, statementsOf } from '../support/sql-files.ts'

const add = "alter type e add value 'v'"
const isUsed = (text: string): boolean => enumValueUsedAtOnce(statementsOf(text)) !== undefined

// Tried on PostgreSQL 18 in one transaction: 55P04 for the first list, success for the second.
describe('a new enum value that is used at once', () => {
  test.each([
    "insert into t (s) values ('v')",
    "alter table t alter s set default 'v'",
    "alter table t add constraint c check (s <> 'v')",
    "create index on t (x) where s = 'v'",
    "create view w as select * from t where s = 'v'",
    "create function f() returns e language sql as $$ select 'v'::e $$",
    "create function f() returns bigint language sql begin atomic select count(*) from t where s = 'v'; end",
    "do $$ begin perform 1 from t where s = 'v'; end $$",
    "create policy p on t using (s = 'v')",
    "create table u (s e default 'v')",
    "update t set s = 'v'",
    "select 1; select 'v'::e",
  ])('given `%s` after ADD VALUE, when it is asked, then it is a use', (use) => {
    expect(isUsed(`${add}; ${use}`)).toBe(true)
  })

  test.each([
    "create function f() returns e language plpgsql as $$ begin return 'v'::e; end $$",
    "comment on type e is 'v'",
    "alter type e add value 'w' after 'v'",
    "alter type e rename value 'v' to 'z'",
    'grant usage on type e to r',
    "insert into t (s) values ('w')",
    "do $$ begin perform 1 from t where s = 'vv'; end $$",
  ])('given `%s` after ADD VALUE, when it is asked, then it is none', (other) => {
    expect(isUsed(`${add}; ${other}`)).toBe(false)
  })

  test.each([
    ['the use comes first', "update t set s = 'v'; alter type e add value 'v'", false],
    ['the file made the type', "create type e as enum ('a'); alter type e add value 'v'; select 'v'::e", false],
    ['the file made another type', "create type s.e as enum ('a'); alter type e add value 'v'; select 'v'::e", true],
    ['the value has an apostrophe', "alter type e add value 'it''s'; do $$ begin perform 'it''s'::e; end $$", true],
    ['a later value is used', "alter type e add value 'u'; alter type e add value 'v'; select 'v'::e", true],
  ])('given that %s, when it is asked, then that decides', (_, text, expected) => {
    expect(isUsed(text)).toBe(expected)
  })

  test('given a use, when the file is compiled, then each statement is a unit and a notice says why', () => {
    const { body, notices } = compile(`${add};\nupdate t set s = 'v'`)
    expect(body).toMatchObject({
      kind: 'units',
      units: [
        { kind: 'transaction', sql: add, effect: { kind: 'enum-value', type: 'e', value: 'v' } },
        { kind: 'transaction', sql: "update t set s = 'v'" },
      ],
    })
    expect(notices).toMatchObject([
      { code: 'RUNS_AS_UNITS', message: expect.stringContaining("line 2: enum value 'v'") },
    ])
  })

  test('given values that are only added, when the file is compiled, then it is one transaction', () => {
    expect(compile(`${add};\nalter type e add value 'w'`).body.kind).toBe('transaction')
  })
})

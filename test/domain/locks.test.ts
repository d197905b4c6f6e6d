import { describe, expect, test } from 'vitest'
import { locksOf } from '../../functions/domain/locks.ts'
import { splitStatements } from '../../functions/domain/statements.ts'
import { parse } from '../support/sql-files.ts'

const locks = (text: string) => locksOf(splitStatements({ path: 'down.sql', text, role: 'down' }, parse))

describe('locksOf', () => {
  test.each([
    ['alter table "User" drop column a', ['ACCESS EXCLUSIVE on "User"']],
    ['alter table app.users rename to people', ['ACCESS EXCLUSIVE on app.users']],
    ['drop table a, "B" cascade', ['ACCESS EXCLUSIVE on a', 'ACCESS EXCLUSIVE on "B"']],
    ['drop trigger t on a', ['ACCESS EXCLUSIVE on a']],
    ['drop policy p on app.a', ['ACCESS EXCLUSIVE on app.a']],
    ['truncate a, b', ['ACCESS EXCLUSIVE on a', 'ACCESS EXCLUSIVE on b']],
    ['create index i on a (id)', ['SHARE on a']],
    ['create index concurrently i on a (id)', ['SHARE UPDATE EXCLUSIVE on a']],
    ['drop index i', ['ACCESS EXCLUSIVE on the table of index i']],
    ['drop index concurrently app.i', ['SHARE UPDATE EXCLUSIVE on the table of index app.i']],
    ['create trigger t after insert on a execute function f()', ['SHARE ROW EXCLUSIVE on a']],
    ['create index i on a (id); alter table a drop column b', ['ACCESS EXCLUSIVE on a']],
    ['create index i on a (id); drop table b', ['ACCESS EXCLUSIVE on b', 'SHARE on a']],
    ['drop type t', []],
    ['select 1', []],
  ])('given %s, when its locks are listed, then the strongest of each table come first', (text, expected) => {
    expect(locks(text)).toEqual(expected)
  })
})

import { describe, expect, test } from 'vitest'
import { compile } from '../support/sql-files.ts'

const kindOf = (text: string): string => {
  const { body } = compile(text)
  if (body.kind === 'units') return 'units'
  return body.flattened ? 'flattened' : 'plain'
}
const prismaEnum = `begin;
create type "E_new" as enum ('a');
alter table t alter column c type "E_new" using (c::text::"E_new");
alter type "E" rename to "E_old";
alter type "E_new" rename to "E";
drop type "E_old";
alter table t alter column c set default 'a';
commit;`

describe('blocks that are flattened', () => {
  test.each([
    ['a block around everything', 'begin; create table t (a int); commit'],
    ['START and END', 'start transaction; create table t (a int); end'],
    ['a block among others', 'create table a (a int); begin; create table b (a int); commit; create table c (a int)'],
    ['what Prisma writes for an enum', prismaEnum],
    ['what Prisma writes for two enums', `${prismaEnum}\n${prismaEnum}`],
    ['one block with data', 'begin; update t set a = 1; do $$ begin perform 1; end $$; commit'],
    ['data outside of several blocks', 'update t set a = 1; begin; drop table a; commit; begin; drop table b; commit'],
    [
      'a session setting in a block',
      "begin; set search_path = x; drop table a; commit; begin; comment on table b is 'b'; commit",
    ],
    ['a timeout in a block, which is blanked', "begin; set local lock_timeout = '1s'; drop table a; commit"],
    ['NOT DEFERRABLE', 'begin; alter table t add constraint c unique (a) not deferrable; commit'],
    ['a column that is NOT DEFERRABLE', 'begin; create table t (a int references b not deferrable); commit'],
    ['RENAME VALUE', "begin; alter type e rename value 'a' to 'b'; commit"],
    [
      'the words in strings and comments',
      "begin; /* savepoint a; lock table t */ comment on table t is 'set local'; commit",
    ],
    ['a lasting thing outside the block', 'lock table t; begin; drop table a; commit'],
  ])('given %s, when it is compiled, then it is one transaction', (_, text) => {
    expect(kindOf(text)).toBe('flattened')
  })

  test('given no block, when it is compiled, then nothing was flattened', () => {
    expect(kindOf('create table t (a int)')).toBe('plain')
  })
})

describe('blocks that keep their own transactions', () => {
  test.each([
    ['options (1)', 'begin read write; drop table a; commit'],
    ['SET LOCAL (2)', 'begin; set local search_path = x; commit'],
    ['set_config (2)', "begin; select set_config('search_path', 'x', true); commit"],
    ['SET CONSTRAINTS (2)', 'begin; set constraints all deferred; commit'],
    ['SET TRANSACTION (2)', 'begin; set transaction read write; commit'],
    ['LOCK (2)', 'begin; lock table t; commit'],
    ['DECLARE (2)', 'begin; declare c cursor for select 1; commit'],
    ['ON COMMIT DROP (2)', 'begin; create temp table t (a int) on commit drop; commit'],
    [
      'ON COMMIT of a table made from a query (2)',
      'begin; create temp table t on commit delete rows as select 1; commit',
    ],
    ['SAVEPOINT (2)', 'begin; savepoint a; release a; commit'],
    ['a DEFERRABLE constraint (2)', 'begin; alter table t add constraint c unique (a) deferrable; commit'],
    ['a DEFERRABLE column (2)', 'begin; create table t (a int references b deferrable initially deferred); commit'],
    ['ALTER CONSTRAINT DEFERRABLE (2)', 'begin; alter table t alter constraint c deferrable; commit'],
    [
      'a DEFERRABLE trigger (2)',
      'begin; create constraint trigger g after insert on t deferrable for each row execute function f(); commit',
    ],
    ['an advisory lock (2)', 'begin; select pg_advisory_xact_lock(1); commit'],
    ['an advisory lock that is tried (2)', 'begin; select pg_try_advisory_xact_lock_shared(1); commit'],
    ['ADD VALUE (2)', "begin; alter type e add value 'v'; commit"],
    ['a lasting thing in the second block (2)', 'begin; drop table a; commit; begin; lock table t; commit'],
    ['a statement that runs alone (3)', 'begin; drop table a; commit; vacuum'],
    ['two blocks, one with data (4)', 'begin; drop table a; commit; begin; update t set a = 1; commit'],
    ['two blocks, one with a query (4)', "begin; drop table a; commit; begin; select setval('s', 1); commit"],
    ['two blocks, one with TRUNCATE (4)', 'begin; drop table a; commit; begin; truncate t; commit'],
    ['two blocks, one with DO (4)', 'begin; drop table a; commit; begin; do $$ begin end $$; commit'],
  ])('given %s, when it is compiled, then it runs as units', (_, text) => {
    expect(kindOf(text)).toBe('units')
  })
})

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { asLockstepError, type LockstepError } from '../../functions/domain/errors.ts'
import type { StepOrder } from '../../functions/engine/target-database.ts'
import { type RealTarget, realTarget } from '../support/real-target.ts'
import { commitText, orderOf, unjudgedSource, verifiedSource } from '../support/step-orders.ts'

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
  const text = `
    create table t (id int, ok boolean);
    insert into t values (1, true), (2, true), (3, false);
    create table bare ();
    insert into bare default values;
    create domain flag as boolean;
    create type shown as (a int, b boolean);
    create function nothing() returns void language sql as '';
    create function boom() returns boolean language plpgsql as $$ begin perform 1 / 0; return true; end $$`
  await commitText(target, text, 'first')
})

/** Runs a migration with assertions. */
const commit = async (verify: string, migration = 'create table made ()', changes: Partial<StepOrder> = {}) =>
  await target.session.commitStep(await orderOf(target, verifiedSource(migration, verify), changes))

const failureOf = async (...args: Parameters<typeof commit>): Promise<LockstepError> => {
  const thrown = await commit(...args).then(
    () => new Error('it did not fail'),
    (error) => error,
  )
  return asLockstepError(thrown)
}

const madeTables = async () => (await target.ask("select from pg_tables where tablename = 'made'")).length

const at = (line: number, column: number, excerpt: string) => ({ file: 'm/verify.sql', line, column, excerpt })

describe('queries that are judged', () => {
  test.each([
    ['true', 'select true'],
    ['no rows', 'select false where false'],
    ['a number', 'select 0'],
    ['the word', `select 'false'`],
    ['a null that is no boolean', 'select null, null::int'],
    ['nothing at all', 'select from t'],
    ['nothing from a function', 'select nothing()'],
    ['true before a false one', 'select true, false'],
    ['two columns of one name', 'select true as a, false as a'],
    ['columns of our own names', 'select true as v_value, 1 as lockstep_query, 2 as v_row'],
    ['a row', 'select row(false, null)'],
    ['a composite type', 'select (1, false)::shown'],
    ['a list of booleans', 'select array[false]'],
    ['a domain over boolean', 'select true::flag'],
    ['rows in an order, up to a limit', 'select ok from t order by id limit 2'],
    ['rows that it locks', 'select ok from t where id < 3 for update'],
    ['a table', 'table t'],
    ['values', 'values (true, 1), (true, 2)'],
    ['a WITH', 'with x as (select ok from t where id < 3) select ok from x'],
    [
      'a recursive WITH',
      'with recursive n(i) as (select 1 union all select i + 1 from n where i < 5) select max(i) = 5 from n',
    ],
    ['a union', '(select true) union all (select true order by 1)'],
    ['its end in a comment', 'select true -- ) union select false'],
    ['its end in a block comment', 'select true /* ) */ ; -- $$ done'],
    ['a quote and a backslash', `select 'it''s \\ $$' = E'it\\'s \\\\ $$'`],
    ['a dollar quote', 'select $$a$$ = $x$a$x$'],
    ['a byte-order mark and CRLF', '\uFEFF-- é\r\nselect true;\r\n'],
    ['nothing in the file', '-- nothing to ask'],
    ['what the migration made', 'select count(*) = 0 from made'],
  ])('given %s, when the step is committed, then it holds', async (_what, verify) => {
    expect(await commit(verify)).toMatchObject({ outcome: 'committed' })
    expect(await madeTables()).toBe(1)
  })

  test.each([
    ['false', 'select false', 'returned false'],
    ['null', 'select null::boolean', 'returned null'],
    ['an empty aggregate', 'select bool_and(ok) from t where false', 'returned null'],
    ['false before other columns', `select false, 'why', 2`, 'returned false'],
    ['false under a name that stands twice', 'select false as a, true as a', 'returned false'],
    ['false in a later row', 'select ok from t order by id', 'returned false in row 3'],
    ['false in a domain', 'select false::flag', 'returned false'],
    ['false from a table', 'values (false)', 'returned false'],
    ['false from a WITH', 'with x as (select false) select * from x', 'returned false'],
    ['false before a comment', 'select false -- )', 'returned false'],
    ['false from rows that it locks', 'select ok from t where id = 3 for share', 'returned false'],
    [
      'false from the third of a union',
      'select true union all select true union all select false',
      'returned false in row 3',
    ],
  ])('given %s, when the step is committed, then it is rolled back and told', async (_what, verify, said) => {
    const error = await failureOf(verify)
    expect(error).toMatchObject({ code: 'VERIFY_FAILED', message: `m: assertion 1 of m/verify.sql ${said}` })
    expect(error.details).toMatchObject({ place: { line: 1, column: 1 } })
    expect(error.details.sqlState ?? error.details.detail).toBeUndefined()
    expect(await madeTables()).toBe(0)
  })

  test('given a column after the first that fails, when it is computed, then it fails although it is not judged', async () => {
    expect(await failureOf('select true, 1 / (id - id) from t')).toMatchObject({
      code: 'VERIFY_FAILED',
      details: { sqlState: '22012' },
    })
  })

  test('given a table without a column, when all of it is selected, then it fails loudly at its beginning', async () => {
    const error = await failureOf('select true;\n select * from bare')
    expect(error).toMatchObject({ code: 'VERIFY_FAILED', details: { sqlState: '42P10' } })
    expect(error.details.place).toEqual(at(2, 2, ' select * from bare\n ^'))
  })
})

describe('the place of an assertion', () => {
  test.each([
    [
      'an unknown column',
      `select true;\nselect '🚀', nope from t`,
      at(2, 13, `select '🚀', nope from t\n             ^`),
    ],
    [
      'an unknown table in a statement',
      'set local work_mem = 1024;\n  insert into nope values (1)',
      at(2, 15, '  insert into nope values (1)\n              ^'),
    ],
    [
      'an error in a function',
      '-- é\r\nselect true; select boom()',
      at(2, 14, 'select true; select boom()\n             ^'),
    ],
    ['an error in a block', `select true;\ndo $$ begin\n  raise 'no'; end $$`, at(2, 1, 'do $$ begin\n^')],
    [
      'false after a byte-order mark',
      '\uFEFFselect true; select false',
      at(1, 14, 'select true; select false\n             ^'),
    ],
    [
      'false after a timeout that is left out',
      `set lock_timeout = '1s'; select false`,
      at(1, 26, `set lock_timeout = '1s'; select false\n                         ^`),
    ],
  ])('given %s, when it fails, then line, column and caret are the verify file’s', async (_what, verify, place) => {
    const error = await failureOf(verify, 'select 1; -- é\nselect 2; ;')
    expect(error.code).toBe('VERIFY_FAILED')
    expect(error.details.place).toEqual(place)
  })

  test('given an error inside a function, when it fails, then the way there is told without our part of it', async () => {
    const error = await failureOf('select boom()')
    expect(error.details).toMatchObject({
      sqlState: '22012',
      detail: 'context: SQL statement "SELECT 1 / 0"\nPL/pgSQL function boom() line 1 at PERFORM',
    })
    expect((await failureOf('select nope')).details.detail).toBeUndefined()
    expect((await failureOf('select 1 / 0')).details.detail).toBeUndefined()
  })

  test('given the words that a block raises, when it fails, then message, detail and hint are passed on', async () => {
    const error = await failureOf(`do $$ begin raise 'two owners' using detail = 'of 3', hint = 'keep one'; end $$`)
    expect(error.message).toBe('m: assertion 1 of m/verify.sql failed: two owners')
    expect(error.details).toMatchObject({ sqlState: 'P0001', serverHint: 'keep one' })
    expect(error.details.detail).toBe('of 3\ncontext: PL/pgSQL function inline_code_block line 1 at RAISE')
  })

  test('given a migration whose statements nobody counted, when an assertion fails, then it is still the right one', async () => {
    const { verify } = verifiedSource('', 'select true; select false')
    const source = {
      ...unjudgedSource('select 1;;; select 2; prepare p as select 3; execute p'),
      ...(verify && { verify }),
    }
    await expect(target.session.commitStep(await orderOf(target, source))).rejects.toMatchObject({
      message: 'm: assertion 2 of m/verify.sql returned false',
    })
  })
})

describe('what surrounds an assertion', () => {
  test('given settings of the migration and of the file, when assertions run, then they see both, and nobody after them', async () => {
    const migration = `create schema other; create table other.here (); set search_path = other; set local work_mem = '1MB'`
    const verify = `
      set local work_mem = '2MB';
      set timezone = 'Asia/Kathmandu';
      select count(*) = 0 from here;
      select current_setting('work_mem') = '2MB', current_setting('timezone') = 'Asia/Kathmandu';
      select current_user = '${target.settings.applicationRole}'`
    await commit(verify, migration)
    const seen = `select current_setting('work_mem') <> '2MB' and current_setting('timezone') <> 'Asia/Kathmandu'`
    expect(await target.session.commitStep(await orderOf(target, verifiedSource('select 1', seen, 'n')))).toBeDefined()
  })

  test('given other statements than queries, when they run, then each takes effect with the step', async () => {
    await commit(`
      create temporary table probe as select 1 as id;
      prepare p as select id from probe;
      execute p;
      explain analyze select 1;
      declare c cursor for select 1;
      fetch c;
      lock table t in share mode;
      set constraints all immediate;
      update t set ok = true returning false;
      show work_mem;
      do $$ begin insert into t values (4, true); end $$;
      select count(*) = 4 from t`)
    expect(await target.ask('select bool_and(ok) as ok from t')).toEqual([{ ok: true }])
  })

  test('given a file’s timeout, when an assertion takes longer, then it is ended and the step rolled back', async () => {
    const migration = '-- lockstep:statement_timeout=100ms\ncreate table made ()'
    expect(await failureOf('select pg_sleep(30)', migration)).toMatchObject({
      code: 'VERIFY_FAILED',
      details: { sqlState: '57014', place: { line: 1 } },
    })
    expect(await madeTables()).toBe(0)
  })

  test('given a constraint that fails at COMMIT, when assertions held, then it is the migration that failed', async () => {
    const migration = `
      create table a (id int primary key);
      create table b (id int references a deferrable initially deferred);
      insert into b values (1)`
    const error = await failureOf('select true', migration)
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', details: { sqlState: '23503' } })
    expect(error.details.place).toBeUndefined()
  })

  test('given an assertion that ends the transaction in dynamic SQL, when it runs, then the server refuses it there', async () => {
    expect(await failureOf(`do $$ begin execute 'commit'; end $$`)).toMatchObject({ code: 'VERIFY_FAILED' })
    expect(await failureOf('do $$ begin commit; end $$')).toMatchObject({
      code: 'VERIFY_FAILED',
      details: { sqlState: '2D000' },
    })
  })

  test('given an assertion that drops the lock in dynamic SQL, when the receipt is written, then it finds out', async () => {
    await using own = await realTarget()
    const source = verifiedSource('select 1', `do $$ begin execute 'select pg_advisory_unlock_all()'; end $$`)
    await expect(own.session.commitStep(await orderOf(own, source))).rejects.toMatchObject({ code: 'LOCK_RELEASED' })
  })

  test('given a session setting of a file in units, when its assertions run alone, then they have it too', async () => {
    const text = `-- lockstep:transaction=none
      create schema third;
      create table third.here ();
      set search_path = third;
      create index concurrently i on here ((1))`
    const source = verifiedSource(text, 'select count(*) = 0 from here; select false')
    const order = await orderOf(target, source)
    const units = source.body.kind === 'units' ? source.body.units : []
    for (const unit of units.slice(0, 2)) await target.session.commitUnit(order, unit, 'not-last')
    const last = units[2]
    if (last === undefined) throw new Error('expected three units')
    await target.session.openUnit(order, last)
    await target.session.runUnit(order, last)
    await target.session.closeUnit(order, last, 'not-last')
    await expect(target.session.closeUnit(order, last, 'last')).rejects.toMatchObject({
      code: 'VERIFY_FAILED',
      message: 'm: assertion 2 of m/verify.sql returned false',
    })
  })
})

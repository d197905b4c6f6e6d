import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AskedTarget, askedTarget } from '../support/asked-target.ts'
import { realTarget } from '../support/real-target.ts'
import { orderOf, verifiedSource } from '../support/step-orders.ts'

let target: AskedTarget
beforeAll(async () => {
  target = await askedTarget()
})
afterAll(() => target[Symbol.asyncDispose]())
beforeEach(() => target.refresh())

describe('what surrounds an assertion', () => {
  test('given settings of the migration and of the file, when assertions run, then they see both, and nobody after them', async () => {
    const migration = `create schema other; create table other.here (); set search_path = other; set local work_mem = '1MB'`
    const verify = `
      set local work_mem = '2MB';
      set timezone = 'Asia/Kathmandu';
      select count(*) = 0 from here;
      select current_setting('work_mem') = '2MB', current_setting('timezone') = 'Asia/Kathmandu';
      select current_user = '${target.settings.applicationRole}'`
    await target.commit(verify, migration)
    const seen = `select current_setting('work_mem') <> '2MB' and current_setting('timezone') <> 'Asia/Kathmandu'`
    expect(await target.session.commitStep(await orderOf(target, verifiedSource('select 1', seen, 'n')))).toBeDefined()
  })

  test('given other statements than queries, when they run, then each takes effect with the step', async () => {
    await target.commit(`
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
    expect(await target.failureOf('select pg_sleep(30)', migration)).toMatchObject({
      code: 'VERIFY_FAILED',
      details: { sqlState: '57014', place: { line: 1 } },
    })
    expect(await target.madeTables()).toBe(0)
  })

  test('given a constraint that fails at COMMIT, when assertions held, then it is the migration that failed', async () => {
    const migration = `
      create table a (id int primary key);
      create table b (id int references a deferrable initially deferred);
      insert into b values (1)`
    const error = await target.failureOf('select true', migration)
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', details: { sqlState: '23503' } })
    expect(error.details.place).toBeUndefined()
  })

  test('given an assertion that ends the transaction in dynamic SQL, when it runs, then the server refuses it there', async () => {
    expect(await target.failureOf(`do $$ begin execute 'commit'; end $$`)).toMatchObject({ code: 'VERIFY_FAILED' })
    expect(await target.failureOf('do $$ begin commit; end $$')).toMatchObject({
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

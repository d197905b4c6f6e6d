import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgresDatabase } from '../../functions/adapters/postgres-database.ts'
import type { Receipt } from '../../functions/domain/receipt.ts'
import type { StepOrder } from '../../functions/engine/target-database.ts'
import { createDatabase, withClient } from '../support/postgres.ts'
import { type RealTarget, realTarget } from '../support/real-target.ts'
import { attachTarget, commitText, leaseOf, orderOf, sourceOf, unjudgedSource } from '../support/step-orders.ts'

let target: RealTarget
beforeAll(async () => {
  target = await realTarget()
})
afterAll(() => target[Symbol.asyncDispose]())
// a failed step must leave nothing, and the next one must run as if nothing had been
beforeEach(async () => {
  await target.ask(`
    drop schema public cascade;
    create schema public authorization pg_database_owner;
    truncate lockstep.applied, lockstep.progress`)
})

const commit = async (text: string, changes: Partial<StepOrder> = {}): Promise<Receipt> =>
  target.session.commitStep(await orderOf(target, sourceOf(text), changes))

const commitUnjudged = async (text: string): Promise<Receipt> =>
  target.session.commitStep(await orderOf(target, unjudgedSource(text)))

const countReceipts = async (): Promise<number> => {
  const [row] = await target.ask<{ count: number }>('select count(*)::int from lockstep.receipt')
  return row?.count ?? 0
}

const tables = async (): Promise<readonly string[]> => {
  const rows = await target.ask<{ name: string }>(
    "select relname::text as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1",
  )
  return rows.map(({ name }) => name)
}

describe('a step that succeeds', () => {
  test('given an empty database, when it is committed, then its object is the role’s and its receipt is its order’s', async () => {
    const receipt = await commit('create table a (id int)', { attempt: 2, outOfOrder: true })
    const [owner] = await target.ask("select relowner::regrole::text as owner from pg_class where relname = 'a'")
    expect(owner).toEqual({ owner: target.settings.applicationRole })
    expect(receipt).toMatchObject({
      migration: 'm',
      direction: 'up',
      outcome: 'committed',
      attempt: 2,
      outOfOrder: true,
    })
    expect(await target.session.receiptsAfter({ ...receipt.key, n: receipt.key.n - 1 }, 10)).toEqual([receipt])
  })

  test.each([
    ['a trailing comment without a line break', 'create table a (id int) -- the end'],
    ['a trailing comment and nothing before its end', 'create table a (id int); --'],
    ['a block comment at the end', 'create table a (id int) /* the end */'],
    ['a byte-order mark', '\uFEFFcreate table a (id int)'],
    ['Windows line breaks', '-- a table\r\ncreate table a (\r\n  id int\r\n);\r\n'],
    [
      'quotes and dollars',
      `create table a (id int default length($$ it's '; -- $$)); comment on table a is 'it''s \\'`,
    ],
    ['its own transaction', 'begin; create table a (id int); commit;'],
    ['only semicolons around', ';;create table a (id int);;;'],
    [
      'settings of its own',
      `set search_path = public; set datestyle = 'German'; set timezone = 'Asia/Tokyo'; create table a (id int)`,
    ],
    [
      'a function with COMMIT in its body',
      `create procedure p() language plpgsql as $$ begin commit; end $$; create table a (id int)`,
    ],
    [
      'an atomic function body',
      'create function f() returns int begin atomic select 1; select 2; end; create table a (id int)',
    ],
    [
      'a cursor and a savepoint',
      'declare c cursor for select 1; savepoint s; create table a (id int); release savepoint s',
    ],
  ])('given %s, when it is committed, then table and receipt are there', async (_what, text) => {
    const before = await countReceipts()
    await commit(text)
    expect(await tables()).toEqual(['a'])
    expect(await countReceipts()).toBe(before + 1)
  })

  test('given a hundred thousand result rows, when they arrive, then they are not kept', async () => {
    const before = process.memoryUsage().heapUsed
    await commit(`select n, repeat('x', 300) from generate_series(1, 100000) n`)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(60_000_000)
  })

  test('given a default isolation of serializable, when it is committed, then it ran at read committed', async () => {
    await using database = await createDatabase()
    await withClient(database.superuserUrl, (client) =>
      client.query(`alter database ${database.name} set default_transaction_isolation = 'serializable'`),
    )
    const { settings } = database
    await using attached = await attachTarget(postgresDatabase(), settings, leaseOf(settings.target, 1))
    await commitText(attached, `create table a as select current_setting('transaction_isolation') as isolation`)
    const { rows } = await withClient(database.superuserUrl, (client) => client.query('select * from a'))
    expect(rows).toEqual([{ isolation: 'read committed' }])
  })

  test('given settings and directives, when it is committed, then its timeouts are the directives’', async () => {
    const now = `create table a as select current_setting('lock_timeout') as l, current_setting('statement_timeout') as s`
    await commit(`-- lockstep:lock_timeout=3s\n-- lockstep:statement_timeout=10min\n${now}`)
    expect(await target.ask('select * from a')).toEqual([{ l: '3s', s: '10min' }])
  })

  test('given a server that forgets commits after a crash, when it is committed, then it waits for the disk all the same', async () => {
    await commit(`create table a as select current_setting('synchronous_commit') as waits`)
    expect(await target.ask('select * from a')).toEqual([{ waits: 'on' }])
  })
})

describe('a step that fails', () => {
  test.each([
    ['a syntax error at its end', 'create table a (id int); create tabel b ()', '42601'],
    ['an unterminated quote', `create table a (id int); select 'open`, '42601'],
    ['an unterminated dollar quote', 'create table a (id int); select $$open', '42601'],
    ['an unterminated comment', 'create table a (id int); /* open', '42601'],
    ['a run-time error', 'create table a (id int); select 1 / 0', '22012'],
    ['a missing table', 'create table a (id int); select * from nowhere', '42P01'],
    ['a COMMIT in an anonymous block', 'create table a (id int); do $$ begin commit; end $$', '2D000'],
    ['a concurrent index', 'create table a (id int); create index concurrently i on a (id)', '25001'],
    ['a COPY from a client', 'create table a (id int); copy a from stdin', '57014'],
    ['a statement timeout', `create table a (id int); set local statement_timeout = 50; select pg_sleep(5)`, '57014'],
    ['a right that the role lacks', 'create table a (id int); create role somebody', '42501'],
    [
      'an error of a function',
      'create table a (id int); do $$ begin raise exception using errcode = $e$LX000$e$; end $$',
      'LX000',
    ],
    [
      'a deferred constraint that fails at COMMIT',
      `create table a (id int primary key);
       create table b (id int references a deferrable initially deferred); insert into b values (1)`,
      '23503',
    ],
  ])(
    'given %s, when it is sent, then neither object nor receipt is left, and the next step runs',
    async (_what, text, sqlState) => {
      const before = await countReceipts()
      const sent = commitUnjudged(text)
      await expect(sent).rejects.toMatchObject({ code: 'MIGRATION_FAILED', details: { sqlState } })
      expect({ tables: await tables(), receipts: await countReceipts() }).toEqual({ tables: [], receipts: before })
      await commitText(target, 'create table next (id int)', 'n')
      expect(await tables()).toContain('next')
    },
  )

  test('given a value added to an older enum and used at once, when it is sent, then 55P04 leaves nothing', async () => {
    await commitText(target, `create type e as enum ('x')`, 'first')
    const sent = commitUnjudged(`alter type e add value 'y'; create table a as select 'y'::e as v`)
    await expect(sent).rejects.toMatchObject({ code: 'MIGRATION_FAILED', details: { sqlState: '55P04' } })
    expect(await tables()).toEqual([])
  })

  test('given a lock that another holds, when it waits too long, then it fails with 55P03 and may be tried again', async () => {
    await commitText(target, 'create table a (id int)', 'first')
    const order = await orderOf(target, sourceOf('-- lockstep:lock_timeout=50ms\nalter table a add b int'))
    await using other = await realOther()
    await other.query('begin; lock table a')
    await expect(target.session.commitStep(order)).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      details: { sqlState: '55P03' },
    })
    await other.query('commit')
    expect(await target.session.commitStep(order)).toMatchObject({ outcome: 'committed' })
  })

  test('given a flattened file that needs its own transactions, when 55P04 comes, then the directive is named', async () => {
    await commitText(target, `create type e as enum ('x')`, 'first')
    const text = `alter type e add value 'y'; create table a as select 'y'::e as v`
    const source = unjudgedSource(text, { flattened: true })
    await expect(target.session.commitStep(await orderOf(target, source))).rejects.toMatchObject({
      code: 'STEP_NEEDS_OWN_TRANSACTIONS',
      hint: expect.stringContaining('lockstep:transaction=file'),
    })
  })

  test('given a failed step, when its failure is recorded, then the receipt holds it and the head has moved', async () => {
    const order = await orderOf(target, sourceOf('select 1 / 0'))
    await expect(target.session.commitStep(order)).rejects.toMatchObject({ code: 'MIGRATION_FAILED' })
    const failure = { code: 'MIGRATION_FAILED', message: 'half a pair \uD83D and \0', hint: 'correct it' } as const
    const receipt = await target.session.recordFailure(order, failure)
    const state = await target.session.readState()
    expect(receipt).toMatchObject({ outcome: 'failed', key: order.key })
    expect(state).toMatchObject({ head: order.key, applied: [] })
    const [read] = await target.session.receiptsAfter(order.head, 1)
    expect(read?.failure).toEqual({ ...failure, message: 'half a pair \uFFFD and \uFFFD' })
  })

  test('given another writer’s receipt, when a step planned before it is sent, then it conflicts', async () => {
    const order = await orderOf(target, sourceOf('create table a (id int)'))
    await commitText(target, 'create table b (id int)', 'b')
    await expect(target.session.commitStep(order)).rejects.toMatchObject({ code: 'STEP_CONFLICT' })
    expect(await tables()).toEqual(['b'])
  })

  test.each([
    ['up', 'it is applied', 'create table a (id int)'],
    ['down', 'it is not applied', 'select 1'],
  ] as const)('given a step %s, when %s already, then it conflicts', async (direction, _what, text) => {
    if (direction === 'up') await commit('select 1')
    await expect(commit(text, { direction })).rejects.toMatchObject({ code: 'STEP_CONFLICT' })
    expect(await tables()).toEqual([])
  })
})

const realOther = async () => {
  const client = new Client({ connectionString: target.database.superuserUrl })
  await client.connect()
  return { query: (sql: string) => client.query(sql), [Symbol.asyncDispose]: () => client.end() }
}

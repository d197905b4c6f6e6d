import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import { startTestCloud, type TestCloud, targetName } from '../support/e2e-cloud.ts'
import { withClient } from '../support/postgres.ts'
import { until } from '../support/until.ts'

let cloud: TestCloud

beforeAll(async () => {
  cloud = await startTestCloud({
    functionTimeouts: { apply: 5_000, runner: 5_000 },
    // A slice has to be longer than a lease, or no slice could watch a dead holder's for long enough.
    settings: { leaseMs: 2_000, heartbeatMs: 500 },
  })
})
afterAll(() => cloud[Symbol.asyncDispose]())

const ask = <Row extends object>(target: ReturnType<typeof targetName>, sql: string): Promise<readonly Row[]> =>
  withClient(cloud.cloud.databaseUrl(target), async (client) => (await client.query<Row>(sql)).rows)

const once = async (target: ReturnType<typeof targetName>, names: readonly string[]): Promise<void> => {
  const receipts = await ask<{ migration: string }>(target, 'select migration from lockstep.receipt order by token, n')
  expect(receipts.map(({ migration }) => migration)).toEqual(names)
  const audit = await cloud.audit(target)
  expect(audit.filter(({ type }) => type === 'migration.applied').map(({ data }) => data.migration)).toEqual(names)
  expect(verifyChain(audit, (await cloud.cli.status({ target })).chain)).toMatchObject({ intact: true })
  expect((await cloud.cli.status({ target })).lock).toMatchObject({ lockState: 'FREE' })
}

test('given a history of a minute and functions of five seconds, when pushed, then slices carry it to its end', async () => {
  const target = targetName('minute')
  const names = Array.from({ length: 25 }, (_, index) => `${index + 10}_m`)
  const history = Object.fromEntries(
    names.map((name) => [`${name}/migration.sql`, `select pg_sleep(2.4); create table t_${name} (id int);`]),
  )
  const run = await cloud.ended(target, await cloud.push(target, history), 280_000)
  expect(run).toMatchObject({ state: 'SUCCEEDED', applied: 25 })
  await once(target, names)
  const parked = (await cloud.audit(target)).filter(({ type }) => type === 'run.parked')
  expect(parked.length).toBeGreaterThanOrEqual(10)
}, 300_000)

test('given an index build of five slices, when pushed, then it ends valid, with one receipt, and was never restarted', async () => {
  const target = targetName('long-index')
  const rows = `
    create table big (id int);
    insert into big select generate_series(1, 1000);
    create function slow(id int) returns int immutable language plpgsql as
      'begin perform pg_sleep(0.02); return id; end';`
  const history = {
    '1_rows/migration.sql': rows,
    '2_index/migration.sql': 'create index concurrently big_slow on big (slow(id));',
    '3_after/migration.sql': 'create table after (id int);',
  }
  const run = await cloud.push(target, history)
  const build = await until(async () => {
    const [row] = await ask<{ pid: number }>(target, 'select pid from pg_stat_progress_create_index')
    return row?.pid
  }, 60_000)
  expect(await cloud.ended(target, run, 200_000)).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
  await once(target, ['1_rows', '2_index', '3_after'])
  expect(await ask(target, "select indisvalid from pg_index where indexrelid = 'big_slow'::regclass")).toEqual([
    { indisvalid: true },
  ])
  const progress = await ask(target, 'select from lockstep.progress')
  expect(progress).toEqual([])
  const resumed = (await cloud.audit(target)).filter(({ type }) => type === 'run.resumed')
  expect(resumed.length).toBeGreaterThanOrEqual(4)
  expect(build).toBeGreaterThan(0)
}, 250_000)

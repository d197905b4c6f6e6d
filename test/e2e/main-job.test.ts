import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import { folder, newTarget } from '../support/e2e-cloud.ts'
import { type JobCloud, startJobCloud } from '../support/job-cloud.ts'
import { memoryFiles } from '../support/memory-files.ts'
import { withClient } from '../support/postgres.ts'
import { until } from '../support/until.ts'

const migrations = resolve(import.meta.dirname, '..', '..', 'migrations')

let cloud: JobCloud

beforeAll(async () => {
  cloud = await startJobCloud()
})
afterAll(() => cloud[Symbol.asyncDispose]())

const receiptsOf = (target: ReturnType<typeof newTarget>) =>
  withClient(cloud.cloud.databaseUrl(target), async (client) => {
    const { rows } = await client.query('select migration, direction, outcome from lockstep.receipt order by token, n')
    return rows
  })

describe('the example history', () => {
  const target = newTarget('example')

  test('given a fresh target, when the history is pushed, then everything is applied once and proved in every place', async () => {
    const history = await folder(migrations)
    const run = await cloud.ended(target, await cloud.push(target, history))
    expect(run).toMatchObject({ state: 'SUCCEEDED', applied: 21, faults: 0 })

    const receipts = await receiptsOf(target)
    const names = receipts.map((row) => row.migration)
    expect(names).toHaveLength(21)
    expect(names).toEqual(names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
    expect(new Set(receipts.map((row) => `${row.direction} ${row.outcome}`))).toEqual(new Set(['up committed']))

    const kept = await withClient(cloud.cloud.databaseUrl(target), async (client) => {
      const { rows } = await client.query(
        "select way_back -> 'down' ->> 'text' as down_sql from lockstep.receipt where migration like '%lemon_squeezy%'",
      )
      return rows.map((row) => row.down_sql)
    })
    expect(kept).toEqual([history.readText('20251116230057_remove_lemon_squeezy_field/down.sql')])

    const ledger = await cloud.ledger(target)
    expect(ledger.map((entry) => [entry.migration, entry.state])).toEqual(names.map((name) => [name, 'APPLIED']))

    const audit = await cloud.audit(target)
    expect(verifyChain(audit, (await cloud.cli.status({ target })).chain)).toMatchObject({ intact: true })
    expect(audit.filter((event) => event.type === 'migration.applied').map((event) => event.data.migration)).toEqual(
      names,
    )
    expect(audit.map((event) => event.type).filter((type) => type.startsWith('run.'))).toEqual([
      'run.started',
      'run.attached',
      'run.finished',
    ])
    expect((await cloud.cli.status({ target })).lock).toMatchObject({ lockState: 'FREE' })
  })

  test('given the audit events, when the stream has run, then each is one object and one event on the bus', async () => {
    const audit = await cloud.audit(target)
    const published = await until(async () => {
      const events = (await cloud.cloud.events()).filter((event) =>
        JSON.stringify(event).includes(`"target":"${target}"`),
      )
      return events.length >= audit.length ? events : undefined
    })
    expect(published).toHaveLength(audit.length)
  })

  test('given everything applied, when the history is pushed again, then the run finds nothing to do', async () => {
    const before = await receiptsOf(target)
    const run = await cloud.ended(target, await cloud.push(target, await folder(migrations)))
    expect(run).toMatchObject({ state: 'SUCCEEDED', applied: 0 })
    expect(await receiptsOf(target)).toEqual(before)
  })
})

describe('a migration that fails', () => {
  const target = newTarget('failing')
  const good = { '1_a/migration.sql': 'create table a (id int);', '3_c/migration.sql': 'create table c (id int);' }
  const broken =
    'create table b (id int);\n\n-- ünïcode 🚀 before the error\ninsert into b values (1);\nselect missing from b;\n'

  test('given a migration with an error, when pushed, then it is rolled back, later ones wait, and status says where', async () => {
    const run = await cloud.ended(target, await cloud.push(target, { ...good, '2_b/migration.sql': broken }))
    expect(run).toMatchObject({ state: 'FAILED', applied: 1, failure: { code: 'MIGRATION_FAILED', sqlState: '42703' } })
    expect(run.failure?.place).toMatchObject({ file: '2_b/migration.sql', line: 5, column: 8 })
    expect(run.failure?.place?.excerpt).toContain('^')
    expect(run.failure?.hint).not.toBe('')
    expect((await cloud.ledger(target)).map((entry) => [entry.migration, entry.state])).toEqual([
      ['1_a', 'APPLIED'],
      ['2_b', 'FAILED'],
    ])
    const tables = await withClient(cloud.cloud.databaseUrl(target), async (client) => {
      const { rows } = await client.query("select tablename from pg_tables where schemaname = 'public'")
      return rows.map((row) => row.tablename)
    })
    expect(tables).toEqual(['a'])
  })

  test('given the corrected file, when pushed again, then the run goes on from there', async () => {
    const fixed = broken.replace('missing', 'id')
    const run = await cloud.ended(target, await cloud.push(target, { ...good, '2_b/migration.sql': fixed }))
    expect(run).toMatchObject({ state: 'SUCCEEDED', applied: 2 })
    const audit = await cloud.audit(target)
    expect(verifyChain(audit)).toMatchObject({ intact: true })
    expect(audit.map((event) => event.type).filter((type) => type.startsWith('migration.'))).toEqual([
      'migration.applied',
      'migration.failed',
      'migration.applied',
      'migration.applied',
    ])
  })
})

describe('many uploads', () => {
  test('given fifty uploads of one bundle at once, when all are over, then every migration was applied once', async () => {
    const target = newTarget('fifty')
    const history = await folder(migrations)
    const runs = await Promise.all(Array.from({ length: 50 }, () => cloud.push(target, history)))
    expect(new Set(runs).size).toBe(50)
    for (const run of runs) expect((await cloud.ended(target, run, 240_000)).state).toBe('SUCCEEDED')
    await expectOnce(target)
  })

  test('given 21 growing bundles in a random order, when all are over, then every migration was applied once', async () => {
    const target = newTarget('growing')
    const history = await folder(migrations)
    const names = [
      ...new Set(history.files.map(({ path }) => path.split('/')[0]?.replace(/(\.down)?\.sql$/, '') ?? '')),
    ]
      .filter((name) => /^\d/.test(name))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    expect(names).toHaveLength(21)
    const upTo = (count: number) => {
      const taken = names.slice(0, count)
      const files = history.files.filter(({ path }) =>
        taken.some((name) => path === `${name}.sql` || path === `${name}.down.sql` || path.startsWith(`${name}/`)),
      )
      return memoryFiles(Object.fromEntries(files.map(({ path }) => [path, history.readText(path)])))
    }
    const order = names.map((_, index) => index + 1).sort(() => Math.random() - 0.5)
    const runs: Awaited<ReturnType<JobCloud['push']>>[] = []
    for (const count of order) runs.push(await cloud.push(target, upTo(count)))
    for (const run of runs) expect((await cloud.ended(target, run, 240_000)).state, `order ${order}`).toBe('SUCCEEDED')
    await expectOnce(target)
  })

  async function expectOnce(target: ReturnType<typeof newTarget>): Promise<void> {
    const receipts = await receiptsOf(target)
    expect(receipts).toHaveLength(21)
    expect(new Set(receipts.map((row) => row.migration)).size).toBe(21)
    expect((await cloud.ledger(target)).map((entry) => entry.state)).toEqual(Array(21).fill('APPLIED'))
    const audit = await cloud.audit(target)
    const applied = audit.filter((event) => event.type === 'migration.applied').map((event) => event.data.migration)
    expect(applied).toHaveLength(21)
    expect(new Set(applied).size).toBe(21)
    expect(verifyChain(audit, (await cloud.cli.status({ target })).chain)).toMatchObject({ intact: true })
  }
})

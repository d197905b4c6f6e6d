import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import { newTarget } from '../support/e2e-cloud.ts'
import { type JobCloud, startJobCloud } from '../support/job-cloud.ts'
import { withClient } from '../support/postgres.ts'

let cloud: JobCloud

beforeAll(async () => {
  cloud = await startJobCloud()
})
afterAll(() => cloud[Symbol.asyncDispose]())

const made = {
  '1_a/migration.sql': `create table a (id int primary key, x text); insert into a select n, 'value ' || n from generate_series(1, 5) n;`,
  '1_a/down.sql': 'drop table a;',
}
const dropped = {
  ...made,
  '2_b/migration.sql': 'alter table a drop column x;',
  '2_b/down.sql': 'alter table a add column x text;',
}

/** A target whose newest migration dropped a column of five values. */
async function droppedColumn(name: string): Promise<TargetName> {
  const target = newTarget(name)
  await cloud.ended(target, await cloud.push(target, dropped))
  return target
}

async function goBack(target: TargetName): Promise<void> {
  const asks = { target, wish: { kind: 'steps', count: 1 }, actor: 'ops' } as const
  const { digest } = await cloud.cli.rollback.plan({ ...asks, action: 'plan' })
  const { run } = await cloud.cli.rollback.confirm({ ...asks, action: 'confirm', plan: digest })
  expect(await cloud.ended(target, run)).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
}

const valuesOf = (target: TargetName) =>
  withClient(cloud.cloud.databaseUrl(target), async (client) => {
    const { rows } = await client.query<{ x: string | null }>('select x from a order by id')
    return rows.map(({ x }) => x)
  })

const kept = { table: 'public.a', columns: ['x'], rows: 5 }

test('given a dropped column, when it is listed and goes back, then its values are there, and the audit proves both', async () => {
  const target = await droppedColumn('kept')
  const list = await cloud.cli.operate({ action: 'kept-list', target, actor: 'ops' })
  expect(list).toMatchObject({ target, tables: [{ ...kept, migration: '2_b', open: false }] })
  await goBack(target)
  expect(await valuesOf(target)).toEqual([1, 2, 3, 4, 5].map((n) => `value ${n}`))
  expect((await cloud.cli.operate({ action: 'kept-list', target, actor: 'ops' })).tables).toEqual([])
  const audit = await cloud.audit(target)
  expect(audit.find(({ type, data }) => type === 'migration.applied' && data.migration === '2_b')?.data.kept).toEqual([
    kept,
  ])
  expect(audit.find(({ type }) => type === 'migration.reverted')?.data.restored).toEqual([kept])
  expect(verifyChain(audit, (await cloud.cli.status({ target })).chain)).toMatchObject({ intact: true })
})

test('given what is kept, when it is dropped for good, then the audit tells, and going back brings the column without its values', async () => {
  const target = await droppedColumn('dropped')
  const young = { action: 'kept-drop', target, actor: 'ops', olderThanMs: 3_600_000 } as const
  expect((await cloud.cli.operate(young)).tables).toEqual([])
  expect((await cloud.cli.operate({ ...young, olderThanMs: 0 })).tables).toMatchObject([kept])
  const audit = await cloud.audit(target)
  expect(audit.at(-1)).toMatchObject({
    type: 'kept.dropped',
    data: { count: 1, tables: [{ ...kept, migration: '2_b' }] },
  })
  expect(verifyChain(audit, (await cloud.cli.status({ target })).chain)).toMatchObject({ intact: true })
  await goBack(target)
  expect(await valuesOf(target)).toEqual(Array(5).fill(null))
})

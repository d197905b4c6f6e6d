import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import { startTestCloud, type TestCloud, targetName } from '../support/e2e-cloud.ts'
import { withClient } from '../support/postgres.ts'
import { until } from '../support/until.ts'

let cloud: TestCloud

beforeAll(async () => {
  cloud = await startTestCloud({ settings: { leaseMs: 2_000, heartbeatMs: 500 } })
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

const runnerPids = (): readonly number[] =>
  cloud.cloud
    .functionProcesses()
    .filter(({ name, busy }) => name === 'lockstep-runner' && busy)
    .map(({ pid }) => pid)

test('given a runner that is killed in mid-run, when its front notices, then the run goes on within about a lease', async () => {
  const target = targetName('killed')
  const names = ['1_a', '2_b', '3_c']
  const history = Object.fromEntries(
    names.map((name) => [`${name}/migration.sql`, `select pg_sleep(1); create table t_${name} (id int);`]),
  )
  const run = await cloud.push(target, history)
  await until(async () => ((await cloud.ledger(target).catch(() => [])).length > 0 ? true : undefined), 60_000)
  const killedAt = performance.now()
  const killed = runnerPids()
  expect(killed).toHaveLength(1)
  for (const pid of killed) process.kill(pid, 'SIGKILL')
  expect(await cloud.ended(target, run, 100_000)).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
  // One lease of two seconds, the message's second, what is left to run, and a slow machine's room.
  expect(performance.now() - killedAt).toBeLessThan(45_000)
  await once(target, names)
}, 150_000)

test('given a runner that is stopped past its lease and overtaken, when it goes on, then nothing that it did shows', async () => {
  const target = targetName('zombie')
  const names = ['1_a', '2_b', '3_c', '4_d']
  const history = Object.fromEntries(
    names.map((name) => [`${name}/migration.sql`, `select pg_sleep(0.7); create table t_${name} (id int);`]),
  )
  const first = await cloud.push(target, history)
  await until(async () => ((await cloud.ledger(target).catch(() => [])).length > 0 ? true : undefined), 60_000)
  const stopped = runnerPids()
  expect(stopped).toHaveLength(1)
  for (const pid of stopped) process.kill(pid, 'SIGSTOP')
  const second = await cloud.push(target, history)
  expect(await cloud.ended(target, second, 100_000)).toMatchObject({ state: 'SUCCEEDED' })
  for (const pid of stopped) process.kill(pid, 'SIGCONT')
  expect(await cloud.ended(target, first, 100_000)).toMatchObject({ state: 'SUCCEEDED' })
  await once(target, names)
  expect((await cloud.audit(target)).map(({ type }) => type)).toContain('run.took-over')
}, 200_000)

import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import { type RollbackPlan, runIdOfPlan } from '../../functions/domain/rollback-plan.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import { startTestCloud, type TestCloud, targetName } from '../support/e2e-cloud.ts'
import { withClient } from '../support/postgres.ts'
import { until } from '../support/until.ts'

let cloud: TestCloud

beforeAll(async () => {
  cloud = await startTestCloud({ settings: { leaseMs: 2_000, heartbeatMs: 500 } })
})
afterAll(() => cloud[Symbol.asyncDispose]())

const names = ['1_a', '2_b', '3_c']
const history = Object.fromEntries(
  names.flatMap((name) => [
    [`${name}/migration.sql`, `create table t_${name} (id int);`],
    [`${name}/down.sql`, `select pg_sleep(1); drop table t_${name};`],
  ]),
)
const wish = { kind: 'steps', count: names.length } as const

/** Applies the history, and sees what it costs to take it back. */
async function applied(target: TargetName): Promise<RollbackPlan> {
  const run = await cloud.push(target, history)
  expect(await cloud.ended(target, run, 100_000)).toMatchObject({ state: 'SUCCEEDED' })
  return await cloud.cli.rollback.plan({ action: 'plan', target, wish, actor: 'ops' })
}

const confirm = (target: TargetName, { digest }: RollbackPlan) =>
  cloud.cli.rollback.confirm({ action: 'confirm', target, wish, plan: digest, actor: 'ops' })

const oneIsBack = (target: TargetName): Promise<true> =>
  until(async () => ((await cloud.ledger(target)).some(({ state }) => state === 'REVERTED') ? true : undefined), 60_000)

/** Kills what works of a function at the moment. @returns when, in ms */
const kill = (name: string): number => {
  const pids = cloud.cloud.functionProcesses().flatMap((one) => (one.name === name && one.busy ? [one.pid] : []))
  expect(pids).toHaveLength(1)
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  return performance.now()
}

const once = async (target: TargetName): Promise<void> => {
  const sql = "select migration || ' ' || direction as receipt from lockstep.receipt order by token, n"
  const { rows } = await withClient(cloud.cloud.databaseUrl(target), (client) => client.query<{ receipt: string }>(sql))
  const [ups, downs] = [names.map((name) => `${name} up`), names.toReversed().map((name) => `${name} down`)]
  expect(rows.map(({ receipt }) => receipt)).toEqual([...ups, ...downs])
  const audit = await cloud.audit(target)
  const reverted = audit.filter(({ type }) => type === 'migration.reverted').map(({ data }) => data.migration)
  expect(reverted).toEqual(names.toReversed())
  const { chain, lock } = await cloud.cli.status({ target })
  expect(verifyChain(audit, chain)).toMatchObject({ intact: true })
  expect(lock).toMatchObject({ lockState: 'FREE' })
}

test('given a runner that is killed in the middle of a rollback, when the plan is confirmed again, then it is the same run, which goes on within about a lease', async () => {
  const target = targetName('back-killed')
  const plan = await applied(target)
  const first = confirm(target, plan)
  await oneIsBack(target)
  const killedAt = kill('lockstep-runner')
  const again = await confirm(target, plan)
  expect(again.run).toBe(runIdOfPlan(target, plan.digest))
  expect((await first).run).toBe(again.run)
  expect(await cloud.ended(target, again.run, 100_000)).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
  // One lease of two seconds, the message's second, what is left to run, and a slow machine's room.
  expect(performance.now() - killedAt).toBeLessThan(45_000)
  await once(target)
}, 150_000)

test('given an operators’ front that is killed while it watches, when the plan is confirmed again, then it is the same run, and each goes once', async () => {
  const target = targetName('back-unheard')
  const plan = await applied(target)
  const first = confirm(target, plan).catch((thrown: unknown) => thrown)
  await oneIsBack(target)
  kill('lockstep-rollback')
  expect(await first).toBeInstanceOf(Error)
  const { run } = await confirm(target, plan)
  expect(run).toBe(runIdOfPlan(target, plan.digest))
  expect(await cloud.ended(target, run, 100_000)).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
  await once(target)
}, 150_000)

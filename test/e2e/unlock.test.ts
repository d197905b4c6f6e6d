import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import { newTarget, targetName } from '../support/e2e-cloud.ts'
import { type JobCloud, startJobCloud } from '../support/job-cloud.ts'
import { withClient } from '../support/postgres.ts'
import { until } from '../support/until.ts'

let cloud: JobCloud

beforeAll(async () => {
  cloud = await startJobCloud()
})
afterAll(() => cloud[Symbol.asyncDispose]())

const one = { '1_a/migration.sql': 'create table a (id int);' }
const two = { ...one, '2_b/migration.sql': 'create table b (id int);' }
const reason = 'moving the disks'
const frozen = newTarget('frozen')

test('given a migrated target, when it is frozen and thawed, then a push is refused in between and goes on afterwards', async () => {
  const target = frozen
  expect(await cloud.ended(target, await cloud.push(target, one))).toMatchObject({ state: 'SUCCEEDED' })
  const act = { target, reason, actor: 'ada@ops' }
  expect(await cloud.cli.operate({ ...act, action: 'freeze' })).toMatchObject({
    changed: true,
    lock: { lockState: 'FROZEN', token: 2, reason: expect.stringMatching(/^ada@ops \(claimed, request .+\): moving/) },
  })
  const refused = await cloud.ended(target, await cloud.push(target, two))
  expect(refused).toMatchObject({ state: 'REFUSED', failure: { code: 'TARGET_FROZEN' } })
  await expect(cloud.cli.operate({ ...act, action: 'unlock' })).rejects.toMatchObject({ code: 'TARGET_FROZEN' })
  expect(await cloud.cli.operate({ ...act, action: 'thaw' })).toMatchObject({ lock: { lockState: 'FREE', token: 2 } })
  expect(await cloud.ended(target, await cloud.push(target, two))).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
  const audit = await cloud.audit(target)
  expect(audit.map(({ type }) => type).filter((type) => type.startsWith('lock.'))).toEqual([
    'lock.freezing',
    'lock.frozen',
    'lock.thawed',
  ])
  expect(verifyChain(audit, (await cloud.cli.status({ target })).chain)).toMatchObject({ intact: true })
})

test('given a run that is at work, when its lease is taken by force, then its step is committed once and its message brings it to its end', async () => {
  const target = newTarget('hung')
  const slow = { '1_slow/migration.sql': 'create table slow (id int);\nselect pg_sleep(3);' }
  const run = await cloud.push(target, slow)
  await until(async () => {
    const { lock } = await cloud.cli.status({ target })
    return lock?.backend === undefined ? undefined : lock
  })
  const answer = await cloud.cli.operate({ target, action: 'unlock', reason, force: true })
  expect(answer).toMatchObject({ changed: true, before: { ownerRun: run }, lock: { token: 2 } })
  expect(await cloud.ended(target, run)).toMatchObject({ state: 'SUCCEEDED' })
  const receipts = await withClient(cloud.cloud.databaseUrl(target), async (client) => {
    const { rows } = await client.query('select outcome from lockstep.receipt order by token, n')
    return rows.map(({ outcome }) => outcome)
  })
  expect(receipts.filter((outcome) => outcome === 'committed')).toHaveLength(1)
})

test('given a ledger that has everything, when it is reconciled, then nothing is copied', async () => {
  const target = frozen
  expect(await cloud.cli.operate({ target, action: 'reconcile' })).toMatchObject({ copied: 0 })
  await expect(cloud.cli.operate({ target: targetName('nowhere'), action: 'reconcile' })).rejects.toMatchObject({
    code: 'TARGET_UNKNOWN',
  })
})

test('given a payload without a reason, when it is sent, then it is refused as invalid', async () => {
  const payload = { target: frozen, action: 'unlock', reason: ' ' } as const
  await expect(cloud.cli.operate(payload)).rejects.toMatchObject({
    code: 'EVENT_INVALID',
    message: expect.stringContaining('expected a reason'),
  })
})

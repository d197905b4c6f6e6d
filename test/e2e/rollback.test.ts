import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packBundle } from '../../functions/adapters/bundle-writer.ts'
import { invokeFunction } from '../../functions/adapters/lambda-invoke.ts'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import type { LockstepError } from '../../functions/domain/errors.ts'
import type { FileSource } from '../../functions/domain/file-source.ts'
import type { RollbackWish, RunRecord } from '../../functions/domain/records.ts'
import { migrationName, type RunId, runId, type TargetName } from '../../functions/domain/types.ts'
import { environment } from '../../functions/edge/resources.ts'
import { readCatalog } from '../../scripts/shadow/catalog.ts'
import { folder, newTarget, targetName } from '../support/e2e-cloud.ts'
import { type JobCloud, startJobCloud } from '../support/job-cloud.ts'
import { memoryFiles } from '../support/memory-files.ts'
import { withClient } from '../support/postgres.ts'
import { refusalOf } from '../support/refusal.ts'
import { until } from '../support/until.ts'

const root = resolve(import.meta.dirname, '..', '..')
const corpora = resolve(root, '..', 'shared', 'corpora')

let cloud: JobCloud

beforeAll(async () => {
  cloud = await startJobCloud()
})
afterAll(() => cloud[Symbol.asyncDispose]())

const actor = 'ops'
const steps = (count: number): RollbackWish => ({ kind: 'steps', count })
const see = (target: TargetName, wish: RollbackWish) => cloud.cli.rollback.plan({ action: 'plan', target, wish, actor })
const refused = (act: () => Promise<unknown>): Promise<LockstepError> => refusalOf(act)
const catalogOf = (target: TargetName) => withClient(cloud.cloud.databaseUrl(target), readCatalog)
const types = async (target: TargetName) => (await cloud.audit(target)).map(({ type }) => type)

/** Confirms the plan of a wish, as an operator who agrees with whatever it costs. */
async function goBack(target: TargetName, wish: RollbackWish): Promise<RunRecord> {
  const { digest } = await see(target, wish)
  const { run } = await cloud.cli.rollback.confirm({ action: 'confirm', target, wish, plan: digest, actor })
  return await cloud.ended(target, run, 280_000)
}

const small = {
  '1_a/migration.sql': 'create table a (id int primary key);',
  '1_a/down.sql': 'drop table a;',
  '2_b/migration.sql': 'create table b (id int primary key); insert into b select generate_series(1, 3);',
  '2_b/down.sql': '-- Loses: everything.\ndrop table b;',
}

describe('whole histories there and back', () => {
  test('given the example history, when all 21 go back and come again, then the schema is empty in between, and the same after', async () => {
    const target = newTarget('example')
    const history = await folder(resolve(root, 'migrations'))
    expect(await cloud.ended(target, await cloud.push(target, history))).toMatchObject({
      state: 'SUCCEEDED',
      applied: 21,
    })
    const there = await catalogOf(target)
    expect(await goBack(target, steps(21))).toMatchObject({ direction: 'down', state: 'SUCCEEDED', applied: 21 })
    const back = await catalogOf(target)
    expect({ relations: back.relations, enums: back.enums, functions: back.functions }).toEqual({
      relations: [],
      enums: [],
      functions: [],
    })
    expect((await cloud.ledger(target)).map(({ state }) => state)).toEqual(Array(21).fill('REVERTED'))

    await cloud.cli.rollback.release({ action: 'release', target, migrations: [], reason: 'again', actor })
    expect(await cloud.ended(target, await cloud.push(target, history))).toMatchObject({
      state: 'SUCCEEDED',
      applied: 21,
    })
    expect(await catalogOf(target)).toEqual(there)
    const audit = await cloud.audit(target)
    expect(audit.filter(({ type }) => type === 'migration.reverted')).toHaveLength(21)
    expect(verifyChain(audit, (await cloud.cli.status({ target })).chain)).toMatchObject({ intact: true })
  }, 300_000)

  test('given 1,000 users with a value that a migration drops, when it goes back, then every value is there again', async () => {
    const target = newTarget('lemon')
    const all = await folder(resolve(root, 'migrations'))
    await cloud.ended(target, await cloud.push(target, upTo(all, '20251116225206_init')))
    const ask = (sql: string) =>
      withClient(
        cloud.cloud.databaseUrl(target),
        async (client) => (await client.query({ text: sql, rowMode: 'array' })).rows,
      )
    await ask(`insert into "User" (id, email, name, "lemonSqueezyCustomerPortalUrl", "updatedAt")
      select 'u' || i, i || '@example.com', 'User ' || i, case when i % 10 = 0 then null else 'https://portal/' || md5(i::text) end, now()
      from generate_series(1, 1000) i`)
    const values = 'select id, "lemonSqueezyCustomerPortalUrl" from "User" order by id'
    const before = await ask(values)
    expect(await cloud.ended(target, await cloud.push(target, all))).toMatchObject({ state: 'SUCCEEDED', applied: 19 })
    await expect(ask(values)).rejects.toThrow('does not exist')
    const wish: RollbackWish = { kind: 'to', migration: migrationName('20251116225206_init') }
    const restores = (await see(target, wish)).steps.flatMap((step) => step.restores)
    expect(restores).toMatchObject([{ columns: ['lemonSqueezyCustomerPortalUrl'], rows: 900 }])
    expect(await goBack(target, wish)).toMatchObject({ state: 'SUCCEEDED', applied: 19 })
    expect(before).toHaveLength(1000)
    expect(await ask(values)).toEqual(before)
    const reverted = (await cloud.audit(target)).find(
      ({ type, data }) =>
        type === 'migration.reverted' && data.migration === '20251116230057_remove_lemon_squeezy_field',
    )
    expect(reverted?.data.restored).toMatchObject([{ columns: ['lemonSqueezyCustomerPortalUrl'], rows: 900 }])
  }, 120_000)

  const kratos = resolve(corpora, 'kratos')
  const absent = existsSync(kratos) ? false : 'kratos is not here: real histories are kept beside the repository'
  test.skipIf(absent)(
    `given ${absent || 'the 346 migrations of kratos'}, when all go back, then the schema is empty, each with one receipt`,
    async () => {
      const target = newTarget('kratos')
      const pushed = await cloud.ended(target, await cloud.push(target, await folder(kratos)), 280_000)
      expect(pushed).toMatchObject({ state: 'SUCCEEDED', applied: 346 })
      const run = await goBack(target, steps(346))
      expect(run.failure).toBeUndefined()
      expect(run).toMatchObject({ state: 'SUCCEEDED', applied: 346 })
      const { extensions: _, schemas: __, ...left } = await catalogOf(target)
      expect(Object.values(left).flat()).toEqual([])
      const told = await types(target)
      expect(told.filter((type) => type === 'migration.reverted')).toHaveLength(346)
      expect((await cloud.ledger(target)).every(({ state }) => state === 'REVERTED')).toBe(true)
    },
    300_000,
  )
})

describe('what is asked wrongly', () => {
  const target = newTarget('wrong')
  beforeAll(async () => {
    expect(await cloud.ended(target, await cloud.push(target, small))).toMatchObject({ state: 'SUCCEEDED' })
  })

  test.each<[string, RollbackWish, string]>([
    ['an unknown migration', { kind: 'to', migration: migrationName('0_x') }, 'ROLLBACK_UNKNOWN'],
    ['one that is ahead', { kind: 'to', migration: migrationName('3_c') }, 'ROLLBACK_UNKNOWN'],
    ['the newest', { kind: 'to', migration: migrationName('2_b') }, 'ROLLBACK_NOTHING'],
    ['too many steps', steps(3), 'ROLLBACK_TOO_FAR'],
    ['an unknown run', { kind: 'run', run: runId(`r-${'0'.repeat(24)}`) }, 'ROLLBACK_NOTHING'],
  ])('given %s, when its plan is asked for, then the answer says why not', async (_, wish, code) => {
    const error = await refused(() => see(target, wish))
    expect(error.code).toBe(code)
    expect(error.hint).not.toBe('')
  })

  test('given an unknown target, when a plan is asked for, then it is unknown', async () => {
    expect((await refused(() => see(targetName('nobody'), steps(1)))).code).toBe('TARGET_UNKNOWN')
  })

  test.each<[string, object, RegExp]>([
    ['no action', { target }, /action/],
    ['steps of none', { action: 'plan', target, wish: { kind: 'steps', count: 0 } }, /wish\.count.*at least 1/],
    ['two wishes', { action: 'plan', target, wish: { kind: 'to', migration: 'a', count: 1 } }, /wish/],
    ['a digest that is none', { action: 'confirm', target, wish: steps(1), plan: 'yes' }, /plan.*64 hex digits/],
    ['a field that is not known', { action: 'plan', target, wish: steps(1), dryrun: true }, /dryrun/],
  ])(
    'given a payload with %s, when the function is invoked, then the answer names the field',
    async (_, payload, message) => {
      const { plan } = cloud.cli.rollback
      const error = await refused(() => plan(payload as Parameters<typeof plan>[0]))
      expect(error.code).toBe('EVENT_INVALID')
      expect(error.message).toMatch(message)
    },
  )

  test.each(['status', 'rollback', 'unlock'])(
    'given the alias of another target, or none, when %s is invoked for this one, then it is refused',
    async (front) => {
      const payloads = {
        status: { target },
        rollback: { action: 'plan', target, wish: steps(1) },
        unlock: { action: 'reconcile', target },
      }
      const invoke = invokeFunction(new LambdaClient({}), `lockstep-${front}`)
      const payload = payloads[front as keyof typeof payloads]
      for (const alias of ['other', undefined])
        expect(await invoke(payload, alias)).toMatchObject({ ok: false, failure: { code: 'ALIAS_WRONG' } })
      expect(await invoke(payload, target)).toMatchObject({ ok: true })
    },
  )

  test('given a digest of no plan, when it is confirmed, then it is refused, and nothing went back', async () => {
    const plan = '0'.repeat(64)
    const confirm = { action: 'confirm', target, wish: steps(1), plan, actor } as const
    expect((await refused(() => cloud.cli.rollback.confirm(confirm))).code).toBe('PLAN_STALE')
    expect(await types(target)).not.toContain('migration.reverted')
  })

  test('given a plan with its price, when it is shown, then nothing is changed, and the loss is counted', async () => {
    const before = await catalogOf(target)
    const plan = await see(target, steps(1))
    expect(plan.steps).toMatchObject([
      {
        ...{ migration: '2_b', comment: 'Loses: everything.', locks: ['ACCESS EXCLUSIVE on b'] },
        losses: [{ what: 'drops table b', count: { kind: 'counted', rows: 3 } }],
      },
    ])
    expect(await catalogOf(target)).toEqual(before)
    expect((await cloud.cli.status({ target })).runs).toHaveLength(1)
  })
})

describe('a way back that does not go well', () => {
  test('given a down script that fails half-way, when it is carried out, then nothing of it stays, and the place is told', async () => {
    const target = newTarget('fails')
    const history = {
      ...small,
      '3_c/migration.sql': 'create table c ();',
      '3_c/down.sql': 'drop table c;\ndrop table gone;',
    }
    await cloud.ended(target, await cloud.push(target, history))
    const before = await catalogOf(target)
    const run = await goBack(target, steps(2))
    expect(run).toMatchObject({
      ...{ state: 'FAILED', applied: 0 },
      failure: {
        code: 'MIGRATION_FAILED',
        migration: '3_c',
        sqlState: '42P01',
        place: { file: '3_c/down.sql', line: 2 },
      },
    })
    expect(run.failure?.hint).toContain('lockstep rollback')
    expect(await catalogOf(target)).toEqual(before)
    expect((await cloud.cli.status({ target })).lock?.lockState).toBe('FREE')
  })

  test('given a target that another run holds, when a plan is confirmed, then it waits for its turn, and is then stale', async () => {
    const target = newTarget('held')
    await cloud.ended(target, await cloud.push(target, small))
    const plan = await see(target, steps(1))
    const slow = { ...small, '3_c/migration.sql': 'select pg_sleep(4);', '3_c/down.sql': 'select 1;' }
    const holder = await cloud.push(target, slow)
    const confirm = { action: 'confirm', target, wish: steps(1), plan: plan.digest, actor } as const
    await withLeaseOf(target, holder)
    const { run } = await cloud.cli.rollback.confirm(confirm)
    expect(await cloud.ended(target, run)).toMatchObject({ state: 'REFUSED', failure: { code: 'PLAN_STALE' } })
    expect((await cloud.ended(target, holder)).state).toBe('SUCCEEDED')
    expect((await cloud.ledger(target)).map(({ state }) => state)).toEqual(['APPLIED', 'APPLIED', 'APPLIED'])
  })
})

/** A history up to one migration, this one included. */
const upTo = (history: FileSource, last: string): FileSource => ({
  readText: (path) => history.readText(path),
  files: history.files.filter(({ path }) => (path.split('/')[0] ?? '') <= last),
})

/** Waits until a run has the lease. */
async function withLeaseOf(target: TargetName, run: string): Promise<void> {
  await until(async () => ((await cloud.cli.status({ target })).lock?.ownerRun === run ? true : undefined), 30_000)
}

describe('what was rolled back', () => {
  const target = newTarget('again')

  test('given a rollback, when its bundle comes again, or its old message, then nothing is applied', async () => {
    const first = await cloud.push(target, small)
    await cloud.ended(target, first)
    expect(await goBack(target, { kind: 'run', run: first })).toMatchObject({ state: 'SUCCEEDED', applied: 2 })
    const again = await cloud.ended(target, await cloud.push(target, small))
    expect(again).toMatchObject({ state: 'REFUSED', failure: { code: 'HELD_BACK', names: ['1_a', '2_b'] } })

    await deliverAgain(target, first)
    expect((await cloud.cli.status({ target, run: first })).runs[0]).toMatchObject({ state: 'SUCCEEDED', starts: 0 })
    expect(await ledgerStates()).toEqual(['REVERTED', 'REVERTED'])
  })

  test('given a release, when the bundle is pushed, then it is applied, and the audit tells who let it', async () => {
    await cloud.cli.rollback.release({ action: 'release', target, migrations: ['2_b', '1_a'], reason: 'mended', actor })
    expect(await cloud.ended(target, await cloud.push(target, small))).toMatchObject({ state: 'SUCCEEDED', applied: 2 })
    const event = (await cloud.audit(target)).find(({ type }) => type === 'migration.released')
    expect(event).toMatchObject({ actor: expect.stringContaining('ops'), data: { reason: 'mended' } })
  })

  test('given a second rollback, when a bundle says that it may be applied again, then it is, and a changed one needs no word', async () => {
    await goBack(target, steps(2))
    const reapply = ['1_a', '2_b'].map(migrationName)
    const run = await cloud.upload(target, await packBundle(memoryFiles(small), { reapply }))
    expect(await cloud.ended(target, run)).toMatchObject({ state: 'SUCCEEDED', applied: 2 })
    await goBack(target, steps(1))
    const changed = { ...small, '2_b/migration.sql': 'create table b (id int primary key);' }
    expect(await cloud.ended(target, await cloud.push(target, changed))).toMatchObject({
      state: 'SUCCEEDED',
      applied: 1,
    })
  })

  const ledgerStates = async () => (await cloud.ledger(target)).map(({ state }) => state)
})

/** Puts an upload's message into the queue once more, and waits until somebody dealt with it. */
async function deliverAgain(target: TargetName, run: RunId): Promise<void> {
  const work = (await cloud.cli.status({ target, run })).runs[0]?.work
  if (work?.kind !== 'bundle') throw new Error(`run ${run} is no upload's`)
  const { bucket, key, versionId } = work.object
  const s3 = { bucket: { name: bucket }, object: { key, versionId } }
  const client = new SQSClient({})
  const QueueUrl = cloud.cloud.environment()[environment.queueUrl]
  const MessageBody = JSON.stringify({ Records: [{ eventName: 'ObjectCreated:Put', s3 }] })
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody }))
  const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const
  await until(async () => {
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] }),
    )
    return Object.values(Attributes ?? { unknown: '1' }).every((count) => count === '0') ? true : undefined
  }, 30_000)
}

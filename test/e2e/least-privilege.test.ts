import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RollbackWish } from '../../functions/domain/records.ts'
import { instant, runId, type TargetName } from '../../functions/domain/types.ts'
import { appendOldEvent } from '../../scripts/gameday/old-event.ts'
import { auditTableName, bundleBucket } from '../../scripts/local/names.ts'
import { objectCreated } from '../../scripts/local/s3-event.ts'
import { synthesize } from '../infra/synthesize.ts'
import { targetName } from '../support/e2e-cloud.ts'
import { eventually } from '../support/eventually.ts'
import { closedGate } from '../support/gate.ts'
import { type GatedCloud, startGatedCloud } from '../support/gated-cloud.ts'
import { type RoleStatement, type StatementsByFunction, statementsByFunction } from '../support/iam-statements.ts'
import { withClient } from '../support/postgres.ts'
import { compareCalls, rightsOfCode, showRight, withoutRight } from '../support/rights.ts'
import { serviceRights } from '../support/service-rights.ts'
import { until } from '../support/until.ts'

/** What the functions may do is what the template says; what they do is what the gate sees. */
const statements = statementsByFunction(synthesize())
let cloud: GatedCloud

beforeAll(async () => {
  cloud = await startGatedCloud(statements)
})
afterAll(() => cloud[Symbol.asyncDispose]())

const one = { '1_a/migration.sql': 'create table a (id int primary key, x text);', '1_a/down.sql': 'drop table a;' }
const two = {
  ...one,
  '2_b/migration.sql': 'alter table a drop column x;',
  '2_b/down.sql': 'alter table a add column x text;',
}
const actor = 'ops'
const minuteMs = 60_000

const pushed = async (target: TargetName, files: Parameters<GatedCloud['push']>[1]) =>
  await cloud.ended(target, await cloud.push(target, files))
const typesOf = async (target: TargetName) => (await cloud.audit(target)).map(({ type }) => type)
const deadLettersOf = (target: TargetName) =>
  cloud.cloud.deadLetters().filter(({ body }) => body.includes(`"${target}"`))

/** A notification of an object that is not there any more. */
const vanished = (target: TargetName) =>
  objectCreated(
    {
      ...{ kind: 'object', bucket: bundleBucket, key: `bundles/${target}/gone.zip`, versionId: '0'.repeat(32) },
      ...{ lastModified: new Date().toISOString(), size: 1, etag: '0'.repeat(32), sequencer: '0', headers: {} },
    },
    { principalId: 'pipeline', sourceIPAddress: '127.0.0.1', requestId: '0' },
  )

describe.concurrent('every way through the functions, with the rights of the template', () => {
  test('given pushes that succeed, fail, are refused, or whose object is gone, when they end, then each says so', async () => {
    const target = targetName('runs')
    expect(await pushed(target, one)).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
    expect(await pushed(target, one)).toMatchObject({ state: 'SUCCEEDED', applied: 0 })
    expect(await cloud.ledger(target)).toMatchObject([{ state: 'APPLIED' }])
    const failing = { ...one, '2_b/migration.sql': 'select 1 / 0;' }
    expect(await pushed(target, failing)).toMatchObject({ state: 'FAILED' })
    const upload = await cloud.upload(target, Buffer.from('no zip at all'))
    expect(await cloud.ended(target, upload)).toMatchObject({ state: 'REFUSED' })
    await cloud.send(vanished(target))
    const gone = await until(async () => {
      const { runs } = await cloud.cli.status({ target })
      return runs.find(({ failure }) => failure?.code === 'OBJECT_GONE')
    }, minuteMs)
    expect(gone).toMatchObject({ state: 'REFUSED' })
  })

  test('given a table that somebody locks, when it is altered, then the step is tried again and fails', async () => {
    const target = targetName('busy')
    await pushed(target, one)
    const application = new pg.Client(cloud.cloud.databaseUrl(target))
    await application.connect()
    await application.query('begin; lock table a')
    const sql = '-- lockstep:lock_timeout=100ms\nalter table a add column y text;'
    const run = await pushed(target, { ...one, '2_b/migration.sql': sql })
    await application.end()
    expect(run).toMatchObject({ state: 'FAILED' })
    expect(await typesOf(target)).toContain('migration.retried')
  })

  test('given a run longer than a function, when pushed, then slices carry it on', async () => {
    const target = targetName('slices')
    const slow = Object.fromEntries([1, 2, 3].map((n) => [`${n}_s/migration.sql`, 'select pg_sleep(4);']))
    expect(await pushed(target, slow)).toMatchObject({ state: 'SUCCEEDED' })
    expect(await typesOf(target)).toContain('run.parked')
  })

  test('given a run at work, when another one comes, then it gives its message back', async () => {
    const target = targetName('held')
    await cloud.cloud.ensureTarget(target)
    await using closed = await closedGate(cloud.cloud.databaseUrl(target))
    await cloud.push(target, { '1_s/migration.sql': `${closed.sql};` })
    await closed.reached()
    const second = await cloud.push(target, one)
    // counted when it began, and taken back when it found the lease held
    const waiting = await until(async () => {
      const found = (await cloud.cli.status({ target, run: second }).catch(() => undefined))?.runs[0]
      return found?.starts === 0 ? found : undefined
    }, minuteMs)
    expect(waiting.state).toBe('QUEUED')
  })

  test('given a run that waited for a day, and one that nobody made, when their messages come, then both are set aside', async () => {
    const target = targetName('waited')
    await cloud.cloud.ensureTarget(target)
    const id = runId(`r-${'0'.repeat(24)}`)
    const object = { bucket: bundleBucket, key: `bundles/${target}/old.zip` }
    await cloud.control.countStart({
      ...{ id, target, direction: 'up', work: { kind: 'bundle', object } },
      actor: { kind: 'claimed', name: actor, requestId: '0' },
      createdAt: instant(new Date(Date.now() - 25 * 60 * minuteMs)),
    })
    await cloud.send({ target, run: id })
    await cloud.send({ target, run: `r-${'1'.repeat(24)}` })
    expect(await cloud.ended(target, id)).toMatchObject({ state: 'EXPIRED' })
    await eventually(() => expect(deadLettersOf(target)).toHaveLength(2), minuteMs)
  })

  test('given a migrated target, when it goes back, is released and pushed again, then it is where it was', async () => {
    const target = targetName('back')
    expect(await pushed(target, two)).toMatchObject({ applied: 2 })
    const wish: RollbackWish = { kind: 'steps', count: 2 }
    const { digest } = await cloud.cli.rollback.plan({ action: 'plan', target, wish, actor })
    const { run } = await cloud.cli.rollback.confirm({ action: 'confirm', target, wish, plan: digest, actor })
    expect(await cloud.ended(target, run)).toMatchObject({ state: 'SUCCEEDED', applied: 2 })
    await cloud.cli.rollback.release({ action: 'release', target, migrations: [], reason: 'again', actor })
    expect(await pushed(target, two)).toMatchObject({ state: 'SUCCEEDED', applied: 2 })
  })

  test('given what a migration dropped, when it is listed and dropped for good, then it was there, and is gone', async () => {
    const target = targetName('kept')
    await pushed(target, one)
    await withClient(cloud.cloud.databaseUrl(target), (client) => client.query(`insert into a values (1, 'x')`))
    await pushed(target, two)
    const list = () => cloud.cli.operate({ action: 'kept-list', target, actor })
    expect((await list()).tables).toHaveLength(1)
    await cloud.cli.operate({ action: 'kept-drop', target, actor, olderThanMs: 0 })
    expect((await list()).tables).toEqual([])
  })

  test('given an operator, when they freeze, thaw, unlock and reconcile, then each is done', async () => {
    const target = targetName('operated')
    await pushed(target, one)
    const act = { target, actor, reason: 'a test' }
    expect(await cloud.cli.operate({ ...act, action: 'freeze' })).toMatchObject({ lock: { lockState: 'FROZEN' } })
    expect(await cloud.cli.operate({ ...act, action: 'thaw' })).toMatchObject({ lock: { lockState: 'FREE' } })
    expect(await cloud.cli.operate({ ...act, action: 'unlock' })).toMatchObject({ changed: false })
    expect(await cloud.cli.operate({ target, actor, action: 'reconcile' })).toMatchObject({ copied: 0 })
  })

  test('given a restored control table, when its database is accepted, then the chain goes on where the audit table ends', async () => {
    const target = targetName('restored')
    await pushed(target, one)
    const restore = await cloud.backUpControl(target)
    await pushed(target, two)
    await restore()
    expect(await pushed(target, two)).toMatchObject({ state: 'REFUSED', failure: { code: 'AUDIT_BROKEN' } })
    const act = { target, actor, reason: 'a test', action: 'accept-database' } as const
    expect(await cloud.cli.operate(act)).toMatchObject({ accepted: { lost: [], rewritten: 1 } })
    expect(await pushed(target, two)).toMatchObject({ state: 'SUCCEEDED', applied: 0 })
  })

  test('given the stream, when it tells of an event twice, and of another in its place, then the second is kept as evidence', async () => {
    const target = targetName('twice')
    await pushed(target, one)
    const [event = {}] = await cloud.items(auditTableName, target)
    const record = (image: typeof event) => ({
      Records: [{ eventName: 'INSERT', dynamodb: { SequenceNumber: '1', Keys: {}, NewImage: image } }],
    })
    await cloud.invoke('audit', record(event))
    expect(await cloud.invoke('audit', record(event))).toEqual({ batchItemFailures: [] })
    expect(await cloud.invoke('audit', record({ ...event, actor: { S: 'somebody else' } }))).toEqual({
      batchItemFailures: [],
    })
    const told = (await cloud.cloud.events()).map(({ 'detail-type': type }) => type)
    expect(told).toContain('lockstep.audit.forked')
  })

  test('given events that the bucket lacks, when the schedules look and reconcile, then they are copied', async () => {
    const target = targetName('watched')
    cloud.cloud.switchAudit('off')
    await cloud.cloud.ensureTarget(target)
    await appendOldEvent(new DynamoDBClient({}), target)
    const copied = async () => (await cloud.cloud.events()).filter(({ detail }) => detail.target === target).length
    expect(await copied()).toBe(0)
    expect(await cloud.invoke('watch', { action: 'look', targets: [target] })).toEqual({ watched: 1 })
    expect(await cloud.invoke('watch', { action: 'reconcile', targets: [target] })).toEqual({ watched: 1 })
    expect(await copied()).toBe((await cloud.audit(target)).length)
    cloud.cloud.switchAudit('on')
  })

  test('given an item that is no event, when the stream tells of it to the end, then its position is set aside', async () => {
    await cloud.put(auditTableName, { pk: { S: 'T#no target' }, sk: { S: 'A#000000000001' } })
    await eventually(() => expect(cloud.cloud.auditFailures()).toHaveLength(1), 2 * minuteMs)
  })
})

describe('what was asked and what is granted', () => {
  /** A token is no request, and the login roles of the embedded cloud are each target's own; the template's is `lockstep_login`. */
  beforeAll(() => {
    for (const { user } of cloud.login.logins())
      cloud.gate.ask({
        ...{ name: 'runner', action: 'rds-db:connect' },
        resource: `arn:AWS::Partition:rds-db:AWS::Region:AWS::AccountId:dbuser:db-A/${user.replace(/^.*_/, 'lockstep_')}`,
      })
  })

  const findings = (granted: StatementsByFunction) =>
    compareCalls(granted, { asked: cloud.gate.asked(), services: serviceRights })

  test('given the ways above, when the gate is asked, then it refused nothing and understood everything', () => {
    expect(cloud.gate.troubles).toEqual([])
  })

  test('given the ways above, when what was asked is compared with the template, then no right is missing and none is surplus', () => {
    expect(findings(statements)).toEqual([])
  })

  test('given one right less, whichever it is, when compared, then it is named as missing', () => {
    const rights = rightsOfCode(statements, serviceRights)
    expect(rights.length).toBeGreaterThan(30)
    for (const right of rights) {
      const [beginning] = `missing ${showRight(right)}`.split('*')
      const found = findings(withoutRight(statements, right))
      expect(
        found.some((line) => line.startsWith(beginning ?? '')),
        showRight(right),
      ).toBe(true)
    }
  })

  test.each([
    ['unlock', 'dynamodb:GetItem', 'ControlTable.Arn'],
    ['runner', 's3:GetObject', 'RecordsBucket.Arn/audit/*'],
    ['apply', 'lambda:InvokeFunction', 'Runner.Arn:*'],
    ['status', 'dynamodb:Query', 'ControlTable.Arn/index/another'],
  ])('given %s with %s on %s as well, when compared, then it is named as surplus', (name, action, resource) => {
    const more: RoleStatement = { effect: 'Allow', actions: [action], resources: [resource] }
    const granted = new Map([...statements, [name, [...(statements.get(name) ?? []), more]]])
    expect(findings(granted)).toEqual([`surplus ${name}: ${action} on ${resource}`])
  })
})

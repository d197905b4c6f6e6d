import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeSettings } from '../../functions/adapters/dynamodb-settings.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import { parseTargetSettings, type TargetSettingsInput } from '../../functions/edge/target-settings.ts'
import { startPostgresServer } from '../../scripts/local/postgres-server.ts'
import { namesOf } from '../../scripts/local/target-names.ts'
import { startTestCloud, type TestCloud, targetName } from '../support/e2e-cloud.ts'
import { withClient } from '../support/postgres.ts'
import { until } from '../support/until.ts'

let cloud: TestCloud

const history = { '1_a/migration.sql': 'create table a (id int);' }

beforeAll(async () => {
  cloud = await startTestCloud({ settings: { policy: { faultAttempts: 2 } } })
})
afterAll(() => cloud[Symbol.asyncDispose]())

/** Declares a target whose connection is not what it should be. */
async function declare(target: TargetName, changes: Partial<TargetSettingsInput['connection']>): Promise<void> {
  await cloud.cloud.ensureTarget(target)
  const server = new URL(cloud.cloud.databaseUrl(target))
  const names = namesOf(target)
  const settings = parseTargetSettings({
    target,
    applicationRole: names.applicationRole,
    connection: {
      host: server.hostname,
      port: Number(server.port),
      database: names.database,
      user: names.loginRole,
      credential: { kind: 'password', password: 'wrong' },
      tls: 'off',
      ...changes,
    },
    policy: { faultAttempts: 2 },
  })
  const table = cloud.cloud.environment().LOCKSTEP_CONTROL_TABLE ?? ''
  await writeSettings(new DynamoDBClient({}), table, settings)
}

const nothingWritten = async (target: TargetName): Promise<void> => {
  expect(await cloud.ledger(target)).toEqual([])
  const found = await withClient(cloud.cloud.databaseUrl(target), async (client) => {
    const { rows } = await client.query(
      "select 1 from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
    )
    return rows
  })
  expect(found).toEqual([])
}

test('given a database that nobody listens for, when pushed, then it is tried again within bounds and FAILED as unreachable', async () => {
  const target = targetName('nowhere')
  await declare(target, { port: 1 })
  const run = await cloud.ended(target, await cloud.push(target, history), 150_000)
  expect(run).toMatchObject({ state: 'FAILED', faults: 2, failure: { code: 'TARGET_UNREACHABLE' } })
  expect((await cloud.cli.status({ target })).lock).toMatchObject({ lockState: 'FREE' })
  await nothingWritten(target)
}, 200_000)

test('given a wrong password, when pushed, then the run is refused at once', async () => {
  const target = targetName('locked-out')
  await declare(target, {})
  const run = await cloud.ended(target, await cloud.push(target, history))
  expect(run).toMatchObject({ state: 'REFUSED', faults: 0, failure: { code: 'CREDENTIALS_REJECTED' } })
  expect(run.failure?.message).not.toContain('wrong')
  await nothingWritten(target)
})

test('given a database that does not exist, when pushed, then the run is refused at once', async () => {
  const target = targetName('no-database')
  const server = new URL(cloud.cloud.serverUrl)
  await declare(target, {
    database: 'missing',
    user: server.username,
    credential: { kind: 'password', password: server.password },
  })
  const run = await cloud.ended(target, await cloud.push(target, history))
  expect(run).toMatchObject({ state: 'REFUSED', failure: { code: 'DATABASE_MISSING' } })
})

test('given a read-only replica, when pushed, then the run is tried again within bounds and says so', async () => {
  const target = targetName('replica')
  await using replica = await startReplica()
  const { hostname, port, username, password } = new URL(replica.url)
  const credential = { kind: 'password', password } as const
  await declare(target, { host: hostname, port: Number(port), database: 'postgres', user: username, credential })
  const run = await cloud.ended(target, await cloud.push(target, history), 150_000)
  expect(run).toMatchObject({ state: 'FAILED', faults: 2, failure: { code: 'TARGET_UNREACHABLE' } })
  expect(run.failure?.message).toContain('it is a standby')
  expect(run.failure?.hint).toContain('writer endpoint')
  expect(await cloud.ledger(target)).toEqual([])
}, 200_000)

/** Starts a server as a hot standby: a data directory with `standby.signal` stays in recovery and refuses every write. */
async function startReplica(): Promise<AsyncDisposable & { readonly url: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-replica-'))
  await chmod(folder, 0o755)
  const options = { dataDir: join(folder, 'postgres'), fsync: false }
  const primary = await startPostgresServer(options)
  await primary.stop()
  await writeFile(join(options.dataDir, 'standby.signal'), '', { mode: 0o644 })
  const standby = await startPostgresServer(options)
  return {
    url: standby.url,
    async [Symbol.asyncDispose]() {
      await standby.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

test('given the advisory lock held by someone else, when pushed, then the run waits and goes on when it is free', async () => {
  const target = targetName('waiting')
  const first = await cloud.push(target, history)
  await cloud.ended(target, first)
  await withClient(cloud.cloud.databaseUrl(target), async (client) => {
    await client.query('select pg_advisory_lock(72707369)')
    const more = { ...history, '2_b/migration.sql': 'create table b (id int);' }
    const run = await cloud.push(target, more)
    await until(async () => {
      const { lock } = await cloud.cli.status({ target })
      return lock?.lockState === 'HELD' ? lock : undefined
    })
    expect((await cloud.cli.status({ target, run })).runs[0]?.state).not.toBe('SUCCEEDED')
    await client.query('select pg_advisory_unlock(72707369)')
    expect(await cloud.ended(target, run)).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
  })
})

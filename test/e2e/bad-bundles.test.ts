import { DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runIdOf } from '../../functions/domain/bundle-key.ts'
import { badBundles } from '../support/bad-bundles.ts'
import { startTestCloud, type TestCloud, targetName } from '../support/e2e-cloud.ts'
import { withClient } from '../support/postgres.ts'
import { until } from '../support/until.ts'

let cloud: TestCloud

beforeAll(async () => {
  cloud = await startTestCloud()
})
afterAll(() => cloud[Symbol.asyncDispose]())

const good = 'create table a (id int);'

/** A history whose SQL is refused before anything runs, together with the good migration before it. */
const badSql: readonly [string, string, string][] = [
  ['an unknown directive', 'DIRECTIVE_UNKNOWN', '-- lockstep:transactoin=none\nselect 1;'],
  ['a directive with a bad value', 'DIRECTIVE_INVALID', '-- lockstep:lock_timeout=soon\nselect 1;'],
  ['a syntax error', 'SQL_SYNTAX', 'creat table b (id int);'],
  ['a BEGIN without COMMIT', 'TRANSACTION_UNBALANCED', 'begin;\ncreate table b (id int);'],
  ['a COMMIT without BEGIN', 'TRANSACTION_UNBALANCED', 'create table b (id int);\ncommit;'],
  ['a ROLLBACK', 'STATEMENT_FORBIDDEN', 'create table b (id int);\nrollback;'],
  ['a RESET ROLE', 'STATEMENT_FORBIDDEN', 'reset role;'],
  ['a COPY … FROM stdin', 'COPY_FROM_STDIN', 'copy b from stdin;\n1\n\\.\n'],
  ['a psql command', 'PSQL_COMMAND', '\\connect other\ncreate table b (id int);'],
  [
    'a concurrent build inside a block',
    'STATEMENT_NOT_IN_TRANSACTION',
    'begin;\ncreate index concurrently i on a (id);\ncommit;',
  ],
]

describe('bundles that are refused', () => {
  test.concurrent.each(badBundles().map((bundle, index) => ({ ...bundle, index })))(
    'given $name, when uploaded, then the run is REFUSED with $code and nothing ran',
    async ({ bytes, code, index }) => {
      const target = targetName(`bad-${index}`)
      const run = await cloud.ended(target, await cloud.upload(target, bytes), 240_000)
      expect(run).toMatchObject({ state: 'REFUSED', applied: 0, failure: { code } })
      expect(run.failure?.hint).not.toBe('')
      expect((await cloud.audit(target)).map((event) => event.type)).toEqual(['run.finished'])
    },
    300_000,
  )

  test.concurrent.each(badSql.map(([name, code, sql], index) => ({ name, code, sql, index })))(
    'given $name, when uploaded, then the run is REFUSED with $code and not even the migration before it ran',
    async ({ code, sql, index }) => {
      const target = targetName(`bad-sql-${index}`)
      const pushed = await cloud.push(target, { '1_a/migration.sql': good, '2_b/migration.sql': sql })
      const run = await cloud.ended(target, pushed, 240_000)
      expect(run).toMatchObject({ state: 'REFUSED', failure: { code, place: { file: '2_b/migration.sql' } } })
      expect(await cloud.ledger(target)).toEqual([])
      expect(await tablesOf(target)).toEqual([])
    },
    300_000,
  )

  test('given more than 25 cases, when counted, then the tables above have them', () => {
    expect(badBundles().length + badSql.length).toBeGreaterThanOrEqual(25)
  })
})

describe('bundles that are refused by what the target has', () => {
  const history = { '1_a/migration.sql': good, '2_b/migration.sql': 'create table b (id int);' }

  test('given an edited migration, when pushed, then the run is REFUSED and names it', async () => {
    const target = targetName('edited')
    await cloud.ended(target, await cloud.push(target, history))
    const edited = { ...history, '1_a/migration.sql': `${good} ` }
    const run = await cloud.ended(target, await cloud.push(target, edited))
    expect(run).toMatchObject({ state: 'REFUSED', failure: { code: 'MIGRATION_EDITED', names: ['1_a'] } })
  })

  test('given a history that lacks what was applied and has something pending, when pushed, then the run is REFUSED', async () => {
    const target = targetName('diverged')
    await cloud.ended(target, await cloud.push(target, history))
    const diverged = { '1_a/migration.sql': good, '3_c/migration.sql': 'create table c (id int);' }
    const run = await cloud.ended(target, await cloud.push(target, diverged))
    expect(run).toMatchObject({ state: 'REFUSED', failure: { code: 'HISTORY_DIVERGED', names: ['2_b'] } })
    expect(await tablesOf(target)).toEqual(['a', 'b'])
  })
})

test('given an object that was deleted before it was read, when its event comes, then the run is REFUSED', async () => {
  await using one = await startTestCloud({ concurrency: 1 })
  const [busy, target] = [targetName('busy'), targetName('gone')]
  // The one front is busy until the object is gone.
  const first = await one.push(busy, { '1_a/migration.sql': 'select pg_sleep(3);' })
  await until(async () => ((await one.cli.status({ target: busy })).lock?.lockState === 'HELD' ? true : undefined))
  const bucket = one.cloud.environment().LOCKSTEP_BUNDLE_BUCKET ?? ''
  const object = await one.cli.bundles.put({ bucket, key: `bundles/${target}/x.zip`, bytes: Buffer.from('soon gone') })
  const s3 = new S3Client({ forcePathStyle: true })
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: object.key, VersionId: object.versionId }))
  expect((await one.ended(target, runIdOf(object))).failure).toMatchObject({ code: 'OBJECT_GONE' })
  expect((await one.ended(busy, first)).state).toBe('SUCCEEDED')
})

test('given a cloud that is strict, when a bundle comes for a target that was never declared, then the run is REFUSED', async () => {
  await using strict = await startTestCloud({ strict: true })
  const target = targetName('nobody')
  const run = await strict.ended(target, await strict.push(target, { '1_a/migration.sql': good }))
  expect(run).toMatchObject({ state: 'REFUSED', failure: { code: 'TARGET_UNKNOWN' } })
})

const tablesOf = (target: ReturnType<typeof targetName>): Promise<readonly string[]> =>
  withClient(cloud.cloud.databaseUrl(target), async (client) => {
    const { rows } = await client.query("select tablename from pg_tables where schemaname = 'public' order by 1")
    return rows.map((row) => row.tablename)
  })

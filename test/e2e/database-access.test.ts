import { resolve } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeSettings } from '../../functions/adapters/dynamodb-settings.ts'
import type { RunRecord } from '../../functions/domain/records.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import { parseTargetSettings, type TargetSettingsInput } from '../../functions/edge/target-settings.ts'
import { credentials, region } from '../../scripts/local/names.ts'
import { type Identity, makeAuthority } from '../support/certificates.ts'
import { folder, startTestCloud, type TestCloud, targetName } from '../support/e2e-cloud.ts'
import { frontAddress, type IamFront, startIamFront } from '../support/iam-front.ts'
import { type OwnPostgres, startOwnPostgres } from '../support/own-postgres.ts'
import { withClient } from '../support/postgres.ts'
import { readRolesSql } from '../support/roles.ts'

const authority = makeAuthority('Own Root CA')
const stranger = makeAuthority('Own Root CA')
const identity: Identity = authority.issue(['localhost'])
const password = 'secret'

let server: OwnPostgres
let front: IamFront
let cloud: TestCloud

beforeAll(async () => {
  // whom the front let in is believed; some may show their password over TLS alone
  server = await startOwnPostgres({
    identity,
    hba: [`host all +rds_iam ${frontAddress}/32 trust`, 'hostnossl all +encrypted 127.0.0.1/32 reject'],
  })
  await withClient(server.url, (client) => client.query('create role rds_iam; create role encrypted'))
  front = await startIamFront({ identity, server: { host: '127.0.0.1', port: server.port }, keys: credentials })
  cloud = await startTestCloud()
})
afterAll(async () => {
  await cloud[Symbol.asyncDispose]()
  await front[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const databaseOf = (target: TargetName): string => {
  const url = new URL(server.url)
  url.pathname = `/${target}`
  return url.href
}

/** Makes a target on the server that speaks TLS, and declares it with the given connection. */
async function declare(
  name: string,
  loginBy: 'iam' | 'password',
  changes: Partial<TargetSettingsInput['connection']> = {},
): Promise<TargetName> {
  const target = targetName(name)
  const user = `${name}_login`
  await withClient(server.url, (client) => client.query(`create database "${name}"`))
  const roles = { applicationRole: `${name}_app`, loginRole: user, ownerRole: `${name}_lockstep`, loginBy }
  const secret = loginBy === 'password' ? `; alter role "${user}" password '${password}'` : ''
  const sql = `${await readRolesSql(roles)}${secret}`
  await withClient(databaseOf(target), (client) => client.query(sql))
  // what the embedded cloud makes of an unknown target comes first, and is overwritten
  await cloud.cloud.ensureTarget(target)
  const settings = parseTargetSettings({
    target,
    applicationRole: roles.applicationRole,
    connection: {
      ...{ host: 'localhost', database: name, user, tls: 'verify', authorities: authority.certificate },
      ...(loginBy === 'iam' ? { port: front.port } : { port: server.port, credential: { kind: 'password', password } }),
      ...changes,
    },
    policy: { faultAttempts: 1 },
  })
  await writeSettings(new DynamoDBClient({}), cloud.cloud.environment().LOCKSTEP_CONTROL_TABLE ?? '', settings)
  return target
}

const pushed = async (target: TargetName, files: Parameters<TestCloud['push']>[1]): Promise<RunRecord> =>
  cloud.ended(target, await cloud.push(target, files), 200_000)

const small = { '1_a/migration.sql': 'create table a (id int)' }

describe('a database that takes tokens', () => {
  test('given the example history, when it is pushed and taken back, then every login was by a token of its own', async () => {
    const target = await declare('iam', 'iam')
    const history = await folder(resolve(import.meta.dirname, '..', '..', 'migrations'))
    expect(await pushed(target, history)).toMatchObject({ state: 'SUCCEEDED', applied: 21 })
    const wish = { kind: 'steps', count: 21 } as const
    const { digest } = await cloud.cli.rollback.plan({ action: 'plan', target, wish, actor: 'ops' })
    const back = { action: 'confirm', target, wish, plan: digest, actor: 'ops' } as const
    const { run } = await cloud.cli.rollback.confirm(back)
    expect(await cloud.ended(target, run, 200_000)).toMatchObject({ state: 'SUCCEEDED', applied: 21 })

    // the push, the plan, and the way back: each slice connects, and signs anew
    expect(front.logins.length).toBeGreaterThanOrEqual(3)
    expect(new Set(front.logins.map(({ signedAt }) => signedAt)).size).toBeGreaterThan(1)
    for (const login of front.logins) {
      expect(login).toMatchObject({ host: `localhost:${front.port}`, user: 'iam_login', region })
    }
    const receipts = await withClient(databaseOf(target), (client) =>
      client.query('select direction, count(*)::int from lockstep.receipt group by 1 order by 1'),
    )
    expect(receipts.rows).toEqual([
      { direction: 'down', count: 21 },
      { direction: 'up', count: 21 },
    ])
  })

  test.each([
    ['another authority', 'wrong-ca', { authorities: stranger.certificate }, 'connection.authorities'],
    ['no authority of its own', 'no-ca', { authorities: undefined }, 'connection.authorities'],
    ['an address that is not in the certificate', 'wrong-host', { host: '127.0.0.1' }, 'own endpoint'],
  ])('given %s, when pushed, then the run fails, and no token left the runner', async (_what, name, changes, hint) => {
    const target = await declare(name, 'iam', changes)
    const before = front.tokens
    const run = await pushed(target, small)
    expect(run).toMatchObject({
      state: 'FAILED',
      failure: { code: 'TARGET_UNREACHABLE', hint: expect.stringContaining(hint) },
    })
    expect(front.tokens).toBe(before)
    expect(await cloud.ledger(target)).toEqual([])
  })
})

describe('PostgreSQL’s own TLS', () => {
  test('given a login role that may only come encrypted, when pushed, then its password is taken', async () => {
    const target = await declare('tls', 'password')
    await withClient(server.url, (client) => client.query('grant encrypted to tls_login'))
    const plain = `postgresql://tls_login:${password}@127.0.0.1:${server.port}/tls`
    await expect(withClient(plain, (client) => client.query('select 1'))).rejects.toThrow('pg_hba.conf rejects')
    expect(await pushed(target, small)).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
  })

  test('given another authority, when pushed, then the run fails before a password is sent', async () => {
    const target = await declare('tls-wrong', 'password', { authorities: stranger.certificate })
    expect(await pushed(target, small)).toMatchObject({
      state: 'FAILED',
      failure: { code: 'TARGET_UNREACHABLE', hint: expect.stringContaining('connection.authorities') },
    })
  })
})

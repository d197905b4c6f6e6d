import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { postgresDatabase } from '../../functions/adapters/postgres-database.ts'
import { answerCloudFormation } from '../../functions/edge/custom-resource.ts'
import { setUpRoles } from '../../functions/edge/set-up-roles.ts'
import { makeAuthority } from '../support/certificates.ts'
import { type OwnPostgres, startOwnPostgres } from '../support/own-postgres.ts'
import { withClient } from '../support/postgres.ts'
import { attachTarget, commitText, leaseOf } from '../support/step-orders.ts'
import { targetSettings } from '../support/target-settings.ts'

const authority = makeAuthority('Own Root CA')
const adminSecretArn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-AbCdEf'
const secrets: Record<string, { username: string; password: string }> = {}

let server: OwnPostgres
let database = ''
let made = 0

beforeAll(async () => {
  server = await startOwnPostgres({ identity: authority.issue(['localhost']) })
  await withClient(server.url, (client) => client.query(`create role admin login createrole createdb password 'right'`))
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => {
  made += 1
  database = `shop_${made}`
  secrets[adminSecretArn] = { username: 'admin', password: 'right' }
  await withClient(server.url, (client) => client.query(`create database ${database} owner admin`))
})

const ask = async (sql: string) => {
  const url = new URL(server.url)
  url.pathname = `/${database}`
  return await withClient(url.href, async (client) => (await client.query(sql)).rows)
}

/** Sends an event as CloudFormation does, and returns the answer that arrives at its URL. */
async function deploy(kind: 'Create' | 'Update' | 'Delete', changes: Readonly<Record<string, string>> = {}) {
  const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>()
  const sink = createServer(async (request, response) => {
    const body = await text(request)
    response.end()
    resolve({ ...JSON.parse(body), method: request.method })
  }).listen(0, '127.0.0.1')
  await once(sink, 'listening')
  const address = sink.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const ids = { StackId: 'stack', RequestId: 'request', LogicalResourceId: 'Roles' }
  const target = {
    ...{ target: 'shop', host: 'localhost', port: server.port, database },
    ...{ applicationRole: `${database}_app`, loginRole: `${database}_login`, ownerRole: `${database}_lockstep` },
    ...{ loginBy: 'password', adminSecretArn, authorities: authority.certificate },
    ...changes,
  }
  const event = {
    ...ids,
    RequestType: kind,
    ResponseURL: `http://127.0.0.1:${port}/answer`,
    // who invokes the function may say what they like
    ResourceProperties: { ...target, host: 'elsewhere.invalid', adminSecretArn: 'another' },
  }
  const rolesText = await readFile(new URL('../../docs/database-roles.sql', import.meta.url), 'utf8')
  const readSecret = async (arn: string) => secrets[arn] ?? { password: '' }
  const logins = { readSecret, signToken: async () => 'a token that nobody takes' }
  const setupTarget = JSON.stringify(target)
  await answerCloudFormation(event, setUpRoles({ access: { logins }, rolesText, setupTarget }))
  const answer = await promise
  sink.closeAllConnections()
  sink.close()
  return answer
}

test('given an empty database, when a target is deployed, then its roles are there and a runner can migrate', async () => {
  expect(await deploy('Create')).toEqual({
    ...{ method: 'PUT', Status: 'SUCCESS', PhysicalResourceId: 'Roles' },
    ...{ StackId: 'stack', RequestId: 'request', LogicalResourceId: 'Roles' },
  })
  await ask(`alter role ${database}_login password 'secret'`)
  const settings = {
    ...targetSettings('shop', {
      ...{ host: 'localhost', port: server.port, database, user: `${database}_login` },
      ...{ credential: { kind: 'password', password: 'secret' }, tls: 'verify', authorities: authority.certificate },
    }),
    applicationRole: `${database}_app`,
  }
  await using target = await attachTarget(postgresDatabase(), settings, leaseOf(settings.target, 1))
  await commitText(target, 'create table a (id int)')
})

test('given a target that was deployed, when it is again, then that succeeds and changes nothing', async () => {
  await deploy('Create')
  const told = `select nspowner::regrole::text, nspacl::text from pg_namespace where nspname = 'lockstep'`
  const before = await ask(told)
  expect(await deploy('Update')).toMatchObject({ Status: 'SUCCESS' })
  expect(await ask(told)).toEqual(before)
})

test('given a target that was deployed, when it is deleted, then the database keeps its proof', async () => {
  await deploy('Create')
  expect(await deploy('Delete', { host: 'gone.invalid' })).toMatchObject({ Status: 'SUCCESS' })
  expect(await ask(`select to_regnamespace('lockstep') is not null as kept`)).toEqual([{ kept: true }])
})

test.each([
  [
    'a server that another authority signed',
    { authorities: makeAuthority('Own Root CA').certificate },
    /^TARGET_TLS: /,
  ],
  ['a database that is not there', { database: 'nowhere' }, /^DATABASE_MISSING: .*; create the database/s],
  ['two roles of one name', { ownerRole: 'same', loginRole: 'same' }, /must differ/],
  ['an RDS Proxy', { host: 'shop.proxy-c0ffee.eu-central-1.rds.amazonaws.com' }, /^POOLER_UNSUPPORTED: /],
  ['a property that is missing', { applicationRole: '' }, /^the target is wrong: .*applicationRole/s],
])('given %s, when it is deployed, then the deploy fails and says so', async (_what, changes, reason) => {
  expect(await deploy('Create', changes)).toMatchObject({ Status: 'FAILED', Reason: expect.stringMatching(reason) })
  expect(await ask(`select to_regnamespace('lockstep') as schema`)).toEqual([{ schema: null }])
})

test('given a secret with another password, when it is deployed, then the deploy fails, and no password is told', async () => {
  secrets[adminSecretArn] = { username: 'admin', password: 'hunter2' }
  const answer = await deploy('Create')
  expect(answer).toMatchObject({ Status: 'FAILED', Reason: expect.stringMatching(/^CREDENTIALS_REJECTED: /) })
  expect(JSON.stringify(answer)).not.toContain('hunter2')
})

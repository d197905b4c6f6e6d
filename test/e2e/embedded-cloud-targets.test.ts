import { DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TargetName } from '../../functions/domain/types.ts'
import { isTargetName } from '../../functions/domain/types.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'
import { createTables } from '../../scripts/local/create-tables.ts'
import { type DynamoDbServer, startDynamoDbServer } from '../../scripts/local/dynamodb-server.ts'
import { auditTableName, clientFor, controlTableName } from '../../scripts/local/names.ts'
import { type PostgresServer, startPostgresServer } from '../../scripts/local/postgres-server.ts'
import { provisionTarget } from '../../scripts/local/provision-target.ts'
import { repointTargets } from '../../scripts/local/repoint-targets.ts'
import { databaseUrl, namesOf } from '../../scripts/local/target-names.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const stack = new AsyncDisposableStack()
let postgres: PostgresServer
let dynamodb: DynamoDBClient

beforeAll(async () => {
  const dir = stack.use(await temporaryFolder()).path
  postgres = await startPostgresServer({ dataDir: `${dir}/postgres`, fsync: false })
  stack.defer(() => postgres.stop())
  const server: DynamoDbServer = await startDynamoDbServer({})
  stack.defer(() => server.stop())
  dynamodb = new DynamoDBClient(clientFor(server.endpoint))
  stack.defer(() => dynamodb.destroy())
  await createTables(dynamodb, { controlTable: controlTableName, auditTable: auditTableName })
})
afterAll(() => stack.disposeAsync())

const name = (text: string): TargetName => {
  if (!isTargetName(text)) throw new Error(text)
  return text
}
const provision = (target: TargetName) =>
  provisionTarget(target, {
    databaseUrl: postgres.url,
    dynamodb,
    controlTable: controlTableName,
    settings: { leaseMs: 4000, heartbeatMs: 1000 },
  })
const key = (target: TargetName) => ({ pk: { S: `TARGET#${target}` }, sk: { S: 'SETTINGS' } })
const settingsOf = async (target: TargetName) => {
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName: controlTableName, Key: key(target) }))
  const { pk: _, sk: __, ...settings } = unmarshall(Item ?? {})
  return parseTargetSettings({ ...settings, target })
}
const as = async <T>(url: string, act: (client: Client) => Promise<T>): Promise<T> => {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await act(client)
  } finally {
    await client.end()
  }
}
const loginUrl = async (target: TargetName): Promise<string> => {
  const { host, port, database, user, credential } = (await settingsOf(target)).connection
  const password = credential.kind === 'password' ? credential.password : ''
  return `postgresql://${user}:${password}@${host}:${port}/${database}`
}

test('given a new target, when it is made, then its login role may do what a runner does and no more', async () => {
  await provision(name('shop'))
  expect(await settingsOf(name('shop'))).toMatchObject({
    leaseMs: 4000,
    applicationRole: 'shop_app',
    searchPath: 'public',
  })
  await as(await loginUrl(name('shop')), async (client) => {
    await client.query('begin; set local role shop_lockstep; create table lockstep.proof (id int); commit')
    const write = client.query('insert into lockstep.proof values (1)')
    await expect(write).rejects.toMatchObject({ code: '42501' })
    await client.query('set role shop_app')
    await client.query('create table public.thing (id int)')
    await client.query('create extension pgcrypto')
    await client.query('reset role')
    const { rows } = await client.query('select tableowner from pg_tables where tablename = $1', ['thing'])
    expect(rows).toEqual([{ tableowner: 'shop_app' }])
    await expect(client.query('create role intruder')).rejects.toMatchObject({ code: '42501' })
    await expect(client.query('create database another')).rejects.toMatchObject({ code: '42501' })
  })
  await as(databaseUrl(postgres.url, name('shop')), async (client) => {
    const { rows } = await client.query(
      'select datdba::regrole::text as owner from pg_database where datname = current_database()',
    )
    expect(rows).toEqual([{ owner: 'shop_app' }])
  })
})

test('given a target, when it is made again, then nothing changes', async () => {
  await provision(name('twice'))
  const before = await settingsOf(name('twice'))
  await provision(name('twice'))
  expect(await settingsOf(name('twice'))).toEqual(before)
})

test('given no target, when it is made many times at once, then all succeed and the settings are those that work', async () => {
  await Promise.all(Array.from({ length: 8 }, () => provision(name('crowd'))))
  await as(await loginUrl(name('crowd')), (client) => client.query('select 1'))
})

test('given roles without settings, when the target is made, then it gets a password that works', async () => {
  await provision(name('lost'))
  await dynamodb.send(new DeleteItemCommand({ TableName: controlTableName, Key: key(name('lost')) }))
  await provision(name('lost'))
  await as(await loginUrl(name('lost')), (client) => client.query('select 1'))
})

test.each(['postgres', 'template0', 'template1', '0', 'a-b', 'x'.repeat(63), `${'x'.repeat(62)}y`])(
  'given the legal target name %s, when it is made, then it has a database and roles of its own',
  async (text) => {
    const target = name(text)
    await provision(target)
    const { database, applicationRole, loginRole } = namesOf(target)
    const found = await as(await loginUrl(target), (client) =>
      client.query('select current_database() as database, current_user as login, pg_has_role($1, $2) as member', [
        applicationRole,
        'member',
      ]),
    )
    expect(found.rows).toEqual([{ database, login: loginRole, member: true }])
    expect(Buffer.byteLength(loginRole)).toBeLessThanOrEqual(63)
  },
)

test('given two long names that differ in their last letter, when they are named, then their roles differ', () => {
  const [one, two] = [`${'x'.repeat(62)}a`, `${'x'.repeat(62)}b`].map((text) => namesOf(name(text)))
  const roles = [one, two].flatMap((names) => [names?.loginRole, names?.applicationRole])
  expect(new Set(roles).size).toBe(4)
})

test('given a server at another port, when targets are repointed, then those that we made follow it and others do not', async () => {
  await provision(name('ours'))
  const ours = await settingsOf(name('ours'))
  const theirs = {
    ...ours,
    target: undefined,
    connection: { ...ours.connection, user: 'somebody', host: 'db.example.com' },
  }
  const Item = { ...marshall(theirs, { removeUndefinedValues: true }), ...key(name('theirs')) }
  await dynamodb.send(new PutItemCommand({ TableName: controlTableName, Item }))
  await repointTargets(dynamodb, controlTableName, 'postgresql://postgres:x@127.0.0.1:4711/postgres')
  expect(await settingsOf(name('ours'))).toEqual({ ...ours, connection: { ...ours.connection, port: 4711 } })
  expect((await settingsOf(name('theirs'))).connection).toMatchObject({
    host: 'db.example.com',
    port: ours.connection.port,
  })
})

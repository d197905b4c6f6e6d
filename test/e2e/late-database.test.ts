import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dynamodbControlStore } from '../../functions/adapters/dynamodb-control.ts'
import { writeSettings } from '../../functions/adapters/dynamodb-settings.ts'
import { systemClock, systemRandom } from '../../functions/adapters/system.ts'
import type { RunId, TargetName } from '../../functions/domain/types.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'
import { startTestCloud, type TestCloud, targetName } from '../support/e2e-cloud.ts'
import { startProxy } from '../support/tcp-proxy.ts'
import { makeTokenLogin, tokensDemanded } from '../support/token-login.ts'
import { until } from '../support/until.ts'

/** A token is signed for a port, so there the server goes and comes at its own. */
const login = tokensDemanded() ? makeTokenLogin() : undefined
let cloud: TestCloud

beforeAll(async () => {
  cloud = await startTestCloud(login === undefined ? {} : { frontPostgres: login.before })
})
afterAll(async () => {
  await cloud[Symbol.asyncDispose]()
  await login?.[Symbol.asyncDispose]()
})

/** Puts a target that was made behind another port, if one is given; answers where it was. */
async function moveTo(target: TargetName, port?: number): Promise<number> {
  const { LOCKSTEP_CONTROL_TABLE: controlTable = '', LOCKSTEP_AUDIT_TABLE: auditTable = '' } = cloud.cloud.environment()
  const client = new DynamoDBClient({})
  const tables = { client, controlTable, auditTable }
  const ports = { parseSettings: parseTargetSettings, clock: systemClock, random: systemRandom }
  const settings = await dynamodbControlStore({ ...tables, ...ports }).readSettings(target)
  if (settings === undefined) throw new Error(`no settings of ${target}`)
  const { connection } = settings
  if (port !== undefined) {
    await writeSettings(client, controlTable, { ...settings, connection: { ...connection, port } })
  }
  return connection.port
}

const listening = async (server: Server, port = 0): Promise<number> => {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const closed = async (server: Server): Promise<void> => {
  server.close()
  await once(server, 'close')
}

const freePort = async (): Promise<number> => {
  const probe = createServer()
  const port = await listening(probe)
  await closed(probe)
  return port
}

/** Answers as a server does that recovers after a failover. */
const startingUp = (): Server => {
  const fields = Buffer.from('SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0')
  const length = Buffer.alloc(4)
  length.writeInt32BE(fields.length + 4)
  return createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(Buffer.concat([Buffer.from('E'), length, fields])))
  })
}

const faulty = (target: TargetName, run: RunId) =>
  until(async () => {
    const [found] = (await cloud.cli.status({ target, run })).runs
    return found !== undefined && found.faults > 0 ? found : undefined
  }, 100_000)

/** Takes the server away from where the target says it is; answers that port, and how to bring it back. */
async function takeAway(target: TargetName): Promise<{ readonly port: number; bringBack(): Promise<AsyncDisposable> }> {
  if (login !== undefined) {
    const port = await moveTo(target)
    await login.down()
    const bringBack = async (): Promise<AsyncDisposable> => {
      await login.up()
      return login
    }
    return { port, bringBack }
  }
  const port = await freePort()
  const server = { host: '127.0.0.1', port: await moveTo(target, port) }
  return { port, bringBack: () => startProxy(server, undefined, port) }
}

test('given a database that nobody answers for, then starts up, then is there, when pushed meanwhile, then the run waits for it', async () => {
  const target = targetName('late')
  await cloud.cloud.ensureTarget(target)
  const { port, bringBack } = await takeAway(target)
  const run = await cloud.push(target, { '1_a/migration.sql': 'create table a (id int);' })

  await faulty(target, run)
  const recovering = startingUp()
  await listening(recovering, port)
  await once(recovering, 'connection')
  await closed(recovering)
  await using _ = await bringBack()

  const ended = await cloud.ended(target, run, 150_000)
  expect(ended).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
  expect(ended.faults).toBeGreaterThanOrEqual(2)
}, 400_000)

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
import { tokensDemanded } from '../support/token-login.ts'
import { until } from '../support/until.ts'

let cloud: TestCloud

beforeAll(async () => {
  cloud = await startTestCloud()
})
afterAll(() => cloud[Symbol.asyncDispose]())

/** Puts a target that was made behind another port; answers where it was. */
async function moveTo(target: TargetName, port: number): Promise<{ host: string; port: number }> {
  const { LOCKSTEP_CONTROL_TABLE: controlTable = '', LOCKSTEP_AUDIT_TABLE: auditTable = '' } = cloud.cloud.environment()
  const client = new DynamoDBClient({})
  const tables = { client, controlTable, auditTable }
  const ports = { parseSettings: parseTargetSettings, clock: systemClock, random: systemRandom }
  const settings = await dynamodbControlStore({ ...tables, ...ports }).readSettings(target)
  if (settings === undefined) throw new Error(`no settings of ${target}`)
  const { connection } = settings
  await writeSettings(client, controlTable, { ...settings, connection: { ...connection, port } })
  return { host: '127.0.0.1', port: connection.port }
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

const moved = tokensDemanded() && 'a port that a token was not signed for'

test.skipIf(moved)(
  `given ${moved || 'a database that nobody answers for, then starts up, then is there'}, when pushed meanwhile, then the run waits for it`,
  async () => {
    const target = targetName('late')
    await cloud.cloud.ensureTarget(target)
    const port = await freePort()
    const server = await moveTo(target, port)
    const run = await cloud.push(target, { '1_a/migration.sql': 'create table a (id int);' })

    await faulty(target, run)
    const recovering = startingUp()
    await listening(recovering, port)
    await once(recovering, 'connection')
    await closed(recovering)
    await using _ = await startProxy(server, undefined, port)

    const ended = await cloud.ended(target, run, 150_000)
    expect(ended).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
    expect(ended.faults).toBeGreaterThanOrEqual(2)
  },
  400_000,
)

import { readFile, writeFile } from 'node:fs/promises'
import { CreateTableCommand, DeleteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DynamoDbServer, startDynamoDbServer } from '../../scripts/local/dynamodb-server.ts'
import { clientFor } from '../../scripts/local/names.ts'
import { type StreamPump, startStreamPump } from '../../scripts/local/stream-pump.ts'
import { eventually } from '../support/eventually.ts'
import { type LocalFunctions, startLocalFunctions } from '../support/local-parts.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Appends each batch to a file; fails while the file \`fail\` says how. */
const audit = `
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
const dir = process.env.LAMBDA_TASK_ROOT + '/..'
export const handler = async (event) => {
  const order = existsSync(dir + '/fail') ? JSON.parse(readFileSync(dir + '/fail', 'utf8')) : {}
  const refused = event.Records.find((record) => record.dynamodb.Keys.sk.S === order.at)
  appendFileSync(dir + '/batches', JSON.stringify({ event, refused: order.throw || refused !== undefined }) + '\\n')
  if (order.throw) throw new Error('told to')
  return { batchItemFailures: refused ? [{ itemIdentifier: refused.dynamodb.SequenceNumber }] : [] }
}`

interface StreamRecord {
  readonly eventName: string
  readonly dynamodb: {
    readonly Keys: { readonly sk: { readonly S: string } }
    readonly SequenceNumber: string
    readonly ApproximateCreationDateTime: number
  }
}
interface Batch {
  readonly event: { readonly Records: readonly StreamRecord[] }
  readonly refused: boolean
}

let server: DynamoDbServer
let client: DynamoDBClient
let tables = 0

beforeAll(async () => {
  server = await startDynamoDbServer({})
  client = new DynamoDBClient(clientFor(server.endpoint))
})
afterAll(async () => {
  client.destroy()
  await server.stop()
})

interface Bench extends AsyncDisposable {
  readonly functions: LocalFunctions
  put(sk: string): Promise<void>
  remove(sk: string): Promise<void>
  fail(order: object | undefined): Promise<void>
  batches(): Promise<readonly Batch[]>
  /** Sort keys in the order in which they were taken. */
  taken(): Promise<readonly string[]>
  startPump(): Promise<StreamPump>
}

async function openBench(): Promise<Bench> {
  const stack = new AsyncDisposableStack()
  const dir = stack.use(await temporaryFolder()).path
  const TableName = `audit-${++tables}`
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  )
  const functions = stack.use(await startLocalFunctions({ audit }))
  const batches = async (): Promise<readonly Batch[]> => {
    const text = await readFile(`${functions.dir}/batches`, 'utf8').catch(() => '')
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  }
  return {
    functions,
    batches,
    put: async (sk) => {
      await client.send(
        new PutItemCommand({ TableName, Item: { pk: { S: 'p' }, sk: { S: sk }, data: { B: Buffer.from([255, 0]) } } }),
      )
    },
    remove: async (sk) => {
      await client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: 'p' }, sk: { S: sk } } }))
    },
    fail: (order) => writeFile(`${functions.dir}/fail`, JSON.stringify(order ?? {})),
    taken: async () =>
      (await batches())
        .filter(({ refused }) => !refused)
        .flatMap(({ event }) => event.Records.map((record) => record.dynamodb.Keys.sk.S)),
    startPump: async () => {
      const pump = await startStreamPump({
        endpoint: server.endpoint,
        tableName: TableName,
        host: functions.host,
        functionName: 'lockstep-audit',
        positionFile: `${dir}/position.json`,
        log: () => undefined,
      })
      stack.defer(() => pump.stop())
      return pump
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const numbered = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => String(i).padStart(4, '0'))

test('given changes from before and after its start, when the pump runs, then each comes once, in order, as a genuine event', async () => {
  await using bench = await openBench()
  await bench.put('a')
  const pump = await bench.startPump()
  await bench.put('a')
  await bench.remove('a')
  await eventually(() => pump.status().delivered === 3)
  const records = (await bench.batches()).flatMap(({ event }) => event.Records)
  expect(records.map(({ eventName }) => eventName)).toEqual(['INSERT', 'MODIFY', 'REMOVE'])
  expect(records[1]).toMatchObject({
    eventSource: 'aws:dynamodb',
    eventVersion: '1.1',
    awsRegion: 'us-east-1',
    eventSourceARN: expect.stringMatching(/^arn:aws:dynamodb:.*:table\/audit-\d+\/stream\//),
    dynamodb: {
      Keys: { pk: { S: 'p' }, sk: { S: 'a' } },
      NewImage: { pk: { S: 'p' }, sk: { S: 'a' }, data: { B: '/wA=' } },
      OldImage: { data: { B: '/wA=' } },
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
  })
  const created = records[1]?.dynamodb.ApproximateCreationDateTime ?? 0
  expect(Math.abs(Date.now() / 1000 - created)).toBeLessThan(60)
  expect(pump.status()).toEqual({ delivered: 3, lagMs: 0, failures: 0 })
})

test('given more changes than a shard lists, when the pump runs, then they come in order, in batches of at most 100', async () => {
  await using bench = await openBench()
  const keys = numbered(1250)
  for (let at = 0; at < keys.length; at += 25) await Promise.all(keys.slice(at, at + 25).map(bench.put))
  const pump = await bench.startPump()
  await eventually(() => pump.status().delivered === 1250)
  const sequence = (await bench.batches()).flatMap(({ event }) =>
    event.Records.map(({ dynamodb }) => Number(dynamodb.SequenceNumber)),
  )
  expect(sequence).toEqual([...sequence].sort((a, b) => a - b))
  expect([...(await bench.taken())].sort()).toEqual(keys)
  expect(Math.max(...(await bench.batches()).map(({ event }) => event.Records.length))).toBeLessThanOrEqual(100)
})

test('given a function that fails, when changes come, then the batch is tried again until it is taken, and the lag is told', async () => {
  await using bench = await openBench()
  await bench.fail({ throw: true })
  const pump = await bench.startPump()
  await bench.put('1')
  await bench.put('2')
  await eventually(() => pump.status().failures >= 3 && pump.status().lagMs > 0)
  expect(pump.status().delivered).toBe(0)
  await bench.fail(undefined)
  await eventually(() => pump.status().delivered === 2)
  expect(await bench.taken()).toEqual(['1', '2'])
  await eventually(() => pump.status().lagMs === 0)
  expect(pump.status().failures).toBe(0)
})

test('given a function that names the record that failed, when it is tried again, then what came before it is not repeated', async () => {
  await using bench = await openBench()
  for (const key of ['1', '2', '3', '4']) await bench.put(key)
  await bench.fail({ at: '3' })
  const pump = await bench.startPump()
  await eventually(() => pump.status().failures >= 2)
  expect(pump.status().delivered).toBe(2)
  await bench.fail(undefined)
  await eventually(() => pump.status().delivered === 4)
  expect(await bench.taken()).toEqual(['3', '4'])
})

test('given a pump that was stopped, when another starts, then it goes on behind what was taken', async () => {
  await using bench = await openBench()
  const first = await bench.startPump()
  await bench.put('1')
  await eventually(() => first.status().delivered === 1)
  await first.stop()
  await bench.put('2')
  const second = await bench.startPump()
  await eventually(() => second.status().delivered === 1)
  await bench.put('3')
  await eventually(() => second.status().delivered === 2)
  expect(await bench.taken()).toEqual(['1', '2', '3'])
})

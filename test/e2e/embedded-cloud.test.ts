import { readFile } from 'node:fs/promises'
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { isTargetName, type TargetName } from '../../functions/domain/types.ts'
import { type FunctionName, functions } from '../../functions/edge/resources.ts'
import { type EmbeddedCloud, startCloud } from '../../scripts/local/cloud.ts'
import type { CloudOptions } from '../../scripts/local/cloud-plan.ts'
import { localUp } from '../../scripts/local/daemon.ts'
import { startDynamoDbServer } from '../../scripts/local/dynamodb-server.ts'
import { clientFor } from '../../scripts/local/names.ts'
import { startPostgresServer } from '../../scripts/local/postgres-server.ts'
import { identifyProcess } from '../../scripts/local/process-identity.ts'
import { eventually } from '../support/eventually.ts'
import { writeArtefacts } from '../support/local-parts.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Each function notes its events beside the artefacts. */
const noting = `
import { appendFileSync } from 'node:fs'
export const handler = async (event) => {
  appendFileSync(process.env.LAMBDA_TASK_ROOT + '/../' + process.env.AWS_LAMBDA_FUNCTION_NAME, JSON.stringify(event) + '\\n')
  if (event.waitMs) await new Promise((resolve) => setTimeout(resolve, event.waitMs))
  return event.env ? process.env : { batchItemFailures: [] }
}`

interface Bench extends AsyncDisposable {
  readonly cloud: EmbeddedCloud
  readonly s3: S3Client
  readonly stateDir: string
  upload(key: string, bucket?: string): Promise<string>
  noted(name: FunctionName): Promise<readonly unknown[]>
}

async function startBench(options: Partial<CloudOptions> = {}): Promise<Bench> {
  const stack = new AsyncDisposableStack()
  const artefacts = stack.use(await temporaryFolder()).path
  await writeArtefacts(artefacts, Object.fromEntries(functions.map(({ name }) => [name, noting])))
  const stateDir = options.stateDir ?? stack.use(await temporaryFolder()).path
  const cloud = await startCloud({ fsync: false, artefacts, ...options, stateDir })
  stack.defer(() => cloud.stop())
  const s3 = new S3Client(clientFor(cloud.endpoints.s3))
  stack.defer(() => s3.destroy())
  return {
    cloud,
    s3,
    stateDir,
    upload: async (Key, Bucket = 'lockstep-bundles') =>
      (await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'zip' }))).VersionId ?? '',
    noted: async (name) => {
      const text = await readFile(`${artefacts}/lockstep-${name}`, 'utf8').catch(() => '')
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const target = (text: string): TargetName => {
  if (!isTargetName(text)) throw new Error(text)
  return text
}
/** The S3 notifications that the apply function got, without the test event. */
const notifications = async (bench: Bench): Promise<readonly Record<string, never>[]> =>
  (await bench.noted('apply'))
    .map((event) => JSON.parse((event as { Records: { body: string }[] }).Records[0]?.body ?? ''))
    .flatMap((message) => message.Records ?? [])

test('given a fresh cloud, when a bundle is uploaded, then its target is made and the apply function gets a genuine S3 event', async () => {
  await using bench = await startBench()
  const version = await bench.upload('bundles/shop/a b+ü.zip')
  await eventually(async () => (await notifications(bench)).length === 1)
  const messages = (await bench.noted('apply')).map((event) =>
    JSON.parse((event as { Records: { body: string }[] }).Records[0]?.body ?? ''),
  )
  expect(messages).toContainEqual(
    expect.objectContaining({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'lockstep-bundles' }),
  )
  expect(await notifications(bench)).toEqual([
    {
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      awsRegion: 'us-east-1',
      eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      eventName: 'ObjectCreated:Put',
      userIdentity: { principalId: 'AWS:LOCKSTEPLOCAL' },
      requestParameters: { sourceIPAddress: '127.0.0.1' },
      responseElements: { 'x-amz-request-id': expect.any(String), 'x-amz-id-2': expect.any(String) },
      s3: {
        s3SchemaVersion: '1.0',
        configurationId: expect.any(String),
        bucket: {
          name: 'lockstep-bundles',
          ownerIdentity: { principalId: expect.any(String) },
          arn: 'arn:aws:s3:::lockstep-bundles',
        },
        object: {
          key: 'bundles/shop/a+b%2B%C3%BC.zip',
          size: 3,
          eTag: 'adcdbd79a8d84175c229b192aadc02f2',
          versionId: version,
          sequencer: expect.stringMatching(/^[0-9A-F]{16}$/),
        },
      },
    },
  ])
  const client = new Client({ connectionString: bench.cloud.databaseUrl(target('shop')) })
  await client.connect()
  await client.end()
  expect(bench.cloud.queuedMessages()).toEqual([])
  expect(bench.cloud.deadLetters()).toEqual([])
})

test('given uploads that are no bundles, when they are made, then no event goes out', async () => {
  await using bench = await startBench()
  await bench.upload('bundles/shop/a.txt')
  await bench.upload('other/shop/a.zip')
  await bench.upload('bundles/shop/a.zip', 'lockstep-records')
  await bench.s3.send(new DeleteObjectCommand({ Bucket: 'lockstep-bundles', Key: 'bundles/shop/a.txt' }))
  await bench.upload('bundles/shop/last.zip')
  await eventually(async () => (await notifications(bench)).length > 0)
  expect(await notifications(bench)).toMatchObject([{ s3: { object: { key: 'bundles/shop/last.zip' } } }])
})

test('given a strict cloud, when a bundle of an undeclared target is uploaded, then its event goes out and no target is made', async () => {
  await using bench = await startBench({ strict: true })
  await bench.upload('bundles/shop/a.zip')
  await eventually(async () => (await notifications(bench)).length === 1)
  const client = new Client({ connectionString: bench.cloud.databaseUrl(target('shop')) })
  await expect(client.connect()).rejects.toMatchObject({ code: '3D000' })
})

test('given its environment, when functions and callers use it, then both find every endpoint and name', async () => {
  await using bench = await startBench({ functionTimeouts: { status: 250 } })
  const environment = bench.cloud.environment()
  const endpoints = ['S3', 'SQS', 'DYNAMODB', 'DYNAMODB_STREAMS', 'LAMBDA', 'EVENTBRIDGE'].map(
    (name) => `AWS_ENDPOINT_URL_${name}`,
  )
  for (const name of endpoints) expect(environment[name]).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  const lambda = new LambdaClient(clientFor(environment.AWS_ENDPOINT_URL_LAMBDA ?? ''))
  const invoke = (FunctionName = '', Payload = '{}') => lambda.send(new InvokeCommand({ FunctionName, Payload }))
  const seen = await invoke(environment.LOCKSTEP_RUNNER_FUNCTION, '{"env":true}')
  const { AWS_REGION, ...others } = environment
  expect(JSON.parse(seen.Payload?.transformToString() ?? '')).toMatchObject({ AWS_REGION, ...others })
  const late = await invoke(environment.LOCKSTEP_STATUS_FUNCTION, '{"waitMs":5000}')
  expect(late.Payload?.transformToString()).toContain('Task timed out after 0.25 seconds')
  expect(bench.cloud.functionProcesses().map(({ name }) => name)).toContain('lockstep-runner')
  lambda.destroy()
})

test('given a change of the audit table, when it is made, then the audit function gets it', async () => {
  await using bench = await startBench()
  const dynamodb = new DynamoDBClient(clientFor(bench.cloud.endpoints.dynamodb))
  await dynamodb.send(new PutItemCommand({ TableName: 'lockstep-audit', Item: { pk: { S: 'T#x' }, sk: { S: 'A#1' } } }))
  await eventually(() => bench.cloud.auditStream().delivered === 1)
  expect(await bench.noted('audit')).toMatchObject([
    { Records: [{ eventName: 'INSERT', dynamodb: { Keys: { pk: { S: 'T#x' } } } }] },
  ])
  dynamodb.destroy()
})

test('given a cloud that was stopped, when it starts again, then its targets, objects and queues go on and nothing is left of the first', async () => {
  await using state = await temporaryFolder()
  let servers: EmbeddedCloud['servers']
  {
    await using first = await startBench({ stateDir: state.path })
    await first.upload('bundles/shop/a.zip')
    await eventually(async () => (await notifications(first)).length === 1)
    servers = first.cloud.servers
    await first.cloud.stop()
  }
  expect(servers.map(({ name, pid }) => [name, identifyProcess(pid)])).toEqual([
    ['postgres', undefined],
    ['dynamodb', undefined],
  ])
  await using second = await startBench({ stateDir: state.path })
  await second.upload('bundles/shop/b.zip')
  await eventually(async () => (await notifications(second)).length === 1)
  expect((await second.noted('apply')).length).toBe(1)
  await second.cloud.ensureTarget(target('shop'))
})

test('given functions that were not built, when the cloud starts, then it says so and leaves nothing running', async () => {
  await using empty = await temporaryFolder()
  await using state = await temporaryFolder()
  const start = startCloud({ stateDir: state.path, artefacts: empty.path, fsync: false })
  await expect(start).rejects.toMatchObject({ code: 'LOCAL_START_FAILED', hint: 'run `npm run build`' })
  const noted = (await readFile(`${state.path}/processes.ndjson`, 'utf8')).split('\n').filter(Boolean)
  expect(noted.map((line) => identifyProcess(JSON.parse(line).pid))).toEqual(noted.map(() => undefined))
})

/** Pretends to be on another machine until it is disposed. */
const pretend = (property: 'arch' | 'platform', value: string): Disposable => {
  const real = process[property]
  Object.defineProperty(process, property, { value })
  return { [Symbol.dispose]: () => Object.defineProperty(process, property, { value: real }) }
}

test('given a platform without programs, when the cloud starts, then it says which variable to set', async () => {
  await using state = await temporaryFolder()
  using _ = pretend('arch', 'riscv64')
  const start = startCloud({ stateDir: state.path, fsync: false })
  await expect(start).rejects.toMatchObject({
    code: 'LOCAL_UNSUPPORTED',
    hint: expect.stringMatching(/set (DATABASE_URL|AWS_ENDPOINT_URL_DYNAMODB) to/),
  })
})

test('given a platform without programs and servers of somebody else, when the cloud starts, then it uses and never ends them', async () => {
  await using folder = await temporaryFolder()
  const postgres = await startPostgresServer({ dataDir: `${folder.path}/postgres`, fsync: false })
  const dynamodb = await startDynamoDbServer({})
  {
    using _ = pretend('arch', 'riscv64')
    await using bench = await startBench({
      fallback: { databaseUrl: postgres.url, dynamodbEndpoint: dynamodb.endpoint },
    })
    await bench.upload('bundles/shop/a.zip')
    await eventually(async () => (await notifications(bench)).length === 1)
    expect(bench.cloud.servers).toEqual([])
  }
  expect(identifyProcess(dynamodb.pid)).toBeDefined()
  await dynamodb.stop()
  await postgres.stop()
})

test('given another system than Linux, when the cloud is started, then it is refused with what to do instead', async () => {
  using _ = pretend('platform', 'darwin')
  const up = localUp({ stateDir: '/proc/nowhere', strict: false })
  await expect(up).rejects.toMatchObject({
    code: 'LOCAL_UNSUPPORTED',
    hint: expect.stringContaining('AWS_ENDPOINT_URL'),
  })
})

import {
  DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb'
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { environment, type FunctionName } from '../../functions/edge/resources.ts'
import { type LoopbackServer, listenOnLoopback } from '../../scripts/local/loopback.ts'
import { auditTableName, bundleBucket, controlTableName, credentials, region } from '../../scripts/local/names.ts'
import { type IamGate, startIamGate } from '../support/iam-gate.ts'
import { type RoleStatement, statementsByFunction } from '../support/iam-statements.ts'
import { showRight } from '../support/rights.ts'
import { synthesize } from './synthesize.ts'

const statements = statementsByFunction(synthesize())

/** Behind the gate lies a server that knows no object and nothing else. */
let behind: LoopbackServer
let gate: IamGate
let passed: number

beforeEach(async () => {
  passed = 0
  behind = await listenOnLoopback((request, response) => {
    passed += 1
    request.resume()
    response.writeHead(request.url?.startsWith(`/${bundleBucket}/`) ? 404 : 200, { 'content-type': 'application/json' })
    response.end(request.method === 'HEAD' ? undefined : '{}')
  })
  gate = await startIamGate(statements)
})
afterEach(async () => {
  await gate.stop()
  await behind.stop()
})

/** What a client in a function's process has. */
const clientOf = async (name: FunctionName) => {
  const queues = {
    [environment.queueUrl]: `${behind.endpoint}/0/q`,
    [environment.deadLetterUrl]: `${behind.endpoint}/0/d`,
  }
  const services = ['S3', 'SQS', 'DYNAMODB', 'LAMBDA', 'EVENTBRIDGE'].map((service) => `AWS_ENDPOINT_URL_${service}`)
  const outside = { ...queues, ...Object.fromEntries(services.map((variable) => [variable, behind.endpoint])) }
  const inside = (await gate.variablesInside(outside))(name)
  const accessKeyId = inside.AWS_ACCESS_KEY_ID ?? ''
  return {
    region,
    credentials: { ...credentials, accessKeyId },
    endpoint: inside.AWS_ENDPOINT_URL_S3 ?? '',
    maxAttempts: 1,
  }
}

const asked = () => gate.asked().map(showRight).toSorted()
const lock = { pk: { S: 'T#demo' }, sk: { S: 'LOCK' } }
const settings = { pk: { S: 'TARGET#demo' }, sk: { S: 'SETTINGS' } }
const update = (Key: typeof lock) => ({ Update: { TableName: controlTableName, Key, UpdateExpression: 'set a = b' } })

describe('what is not granted', () => {
  test.each([
    [
      'DynamoDB',
      async () =>
        new DynamoDBClient(await clientOf('audit')).send(
          new GetItemCommand({ TableName: controlTableName, Key: lock }),
        ),
    ],
    [
      'SQS',
      async () =>
        new SQSClient(await clientOf('status')).send(
          new SendMessageCommand({ QueueUrl: `${gateQueue}`, MessageBody: '' }),
        ),
    ],
    [
      'EventBridge',
      async () =>
        new EventBridgeClient(await clientOf('apply')).send(
          new PutEventsCommand({ Entries: [{ EventBusName: 'lockstep' }] }),
        ),
    ],
    [
      'Lambda',
      async () =>
        new LambdaClient(await clientOf('status')).send(new InvokeCommand({ FunctionName: 'lockstep-runner' })),
    ],
  ])(
    'given a role without the right, when %s is asked, then the client is told so, and nothing gets through',
    async (_service, ask) => {
      await expect(ask()).rejects.toMatchObject({ name: 'AccessDeniedException' })
      expect(passed).toBe(0)
      expect(gate.troubles).toEqual([expect.stringMatching(/^not granted \w+: /)])
    },
  )

  test('given a role without the right, when S3 is asked, then the client is told so, and nothing gets through', async () => {
    const s3 = new S3Client({ ...(await clientOf('runner')), forcePathStyle: true })
    const object = { Bucket: bundleBucket, Key: 'bundles/demo/a.zip' }
    await expect(s3.send(new PutObjectCommand({ ...object, Body: 'x' }))).rejects.toMatchObject({
      name: 'AccessDenied',
    })
    expect(passed).toBe(0)
  })

  test('given the settings of a target, when the runner would write them, then it is denied, alone and within a transaction', async () => {
    const dynamodb = new DynamoDBClient(await clientOf('runner'))
    const command = new TransactWriteItemsCommand({ TransactItems: [update(lock), update(settings)] })
    await expect(dynamodb.send(command)).rejects.toMatchObject({ name: 'AccessDeniedException' })
    expect(gate.troubles).toEqual(['denied runner: dynamodb:UpdateItem on ControlTable.Arn'])
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [update(lock)] }))
    expect(passed).toBe(1)
  })

  test('given an alias, when the function alone is granted, then it may not be invoked by it', async () => {
    const lambda = new LambdaClient(await clientOf('apply'))
    const command = new InvokeCommand({ FunctionName: 'lockstep-runner', Qualifier: 'demo' })
    await expect(lambda.send(command)).rejects.toMatchObject({ name: 'AccessDeniedException' })
    await lambda.send(new InvokeCommand({ FunctionName: 'lockstep-runner' }))
    expect(passed).toBe(1)
  })
})

describe('what is read of a request', () => {
  test('given a transaction, when it passes, then each part is asked for by itself', async () => {
    const dynamodb = new DynamoDBClient(await clientOf('runner'))
    const Put = { TableName: auditTableName, Item: lock }
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [update(lock), { Put }] }))
    expect(asked()).toEqual([
      'runner: dynamodb:PutItem on AuditTable.Arn',
      'runner: dynamodb:UpdateItem on ControlTable.Arn',
    ])
  })

  test.each(['ConditionCheck', 'Delete'])(
    'given a transaction with a %s, when it is sent, then it needs a right of its own',
    async (part) => {
      const dynamodb = new DynamoDBClient(await clientOf('runner'))
      const written = { TableName: controlTableName, Key: lock, ConditionExpression: 'a = b' }
      await expect(
        dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [{ [part]: written }] })),
      ).rejects.toThrow()
      const action = part === 'Delete' ? 'DeleteItem' : 'ConditionCheckItem'
      expect(gate.troubles).toEqual([`not granted runner: dynamodb:${action} on ControlTable.Arn`])
    },
  )

  test('given a query of an index, when it passes, then it is of the index', async () => {
    const dynamodb = new DynamoDBClient(await clientOf('status'))
    const values = { ExpressionAttributeValues: { ':p': { S: 'T#demo' } }, KeyConditionExpression: 'pk = :p' }
    await dynamodb.send(new QueryCommand({ TableName: controlTableName, IndexName: 'runs-by-creation', ...values }))
    expect(asked()).toEqual(['status: dynamodb:Query on ControlTable.Arn/index/runs-by-creation'])
  })

  test('given an object that is not there, when it is asked for, then whoever may not list the bucket learns no more than no', async () => {
    const s3 = async (name: FunctionName) => new S3Client({ ...(await clientOf(name)), forcePathStyle: true })
    const gone = { Bucket: bundleBucket, Key: 'bundles/demo/a.zip', VersionId: 'v' }
    await expect((await s3('runner')).send(new HeadObjectCommand(gone))).rejects.toMatchObject({ name: 'NotFound' })
    expect(asked()).toEqual([
      'runner: s3:GetObjectVersion on BundleBucket.Arn/bundles/demo/a.zip',
      'runner: s3:ListBucket on BundleBucket.Arn',
    ])
    await gate.stop()
    gate = await startIamGate(new Map([...statements, ['runner', withoutList]]))
    await expect((await s3('runner')).send(new GetObjectCommand(gone))).rejects.toMatchObject({ name: 'AccessDenied' })
  })

  test('given a request that the gate does not know, when it is sent, then it is in the way', async () => {
    const dynamodb = new DynamoDBClient(await clientOf('runner'))
    await expect(dynamodb.send(new ScanCommand({ TableName: controlTableName }))).rejects.toThrow()
    expect(gate.troubles).toEqual([expect.stringContaining("DynamoDB's Scan is not known")])
    expect(passed).toBe(0)
  })
})

const gateQueue = 'http://localhost/0/lockstep-bundles'
const withoutList: readonly RoleStatement[] = (statements.get('runner') ?? []).filter(
  ({ actions }) => !actions.includes('s3:ListBucket'),
)

import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { dynamodbControlStore } from '../../functions/adapters/dynamodb-control.ts'
import { partition } from '../../functions/adapters/dynamodb-items.ts'
import { invokeFunction } from '../../functions/adapters/lambda-invoke.ts'
import { systemClock, systemRandom } from '../../functions/adapters/system.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import type { FunctionName } from '../../functions/edge/resources.ts'
import { environment } from '../../functions/edge/resources.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'
import type { ControlStore } from '../../functions/engine/control-store.ts'
import { auditTableName, controlTableName, lambdaName } from '../../scripts/local/names.ts'
import { startTestCloud, type TestCloud } from './e2e-cloud.ts'
import { type IamGate, startIamGate } from './iam-gate.ts'
import { accessKeyOf } from './iam-gate-http.ts'
import type { StatementsByFunction } from './iam-statements.ts'
import { makeTokenLogin, type TokenLogin } from './token-login.ts'

type Item = Record<string, AttributeValue>

/**
 * An embedded cloud whose functions may do what their roles' statements allow, and nothing else; the test itself may do everything. Its
 * databases take tokens that the runner signed.
 */
export interface GatedCloud extends TestCloud {
  readonly gate: IamGate
  readonly control: ControlStore
  readonly login: TokenLogin
  invoke(name: FunctionName, payload: unknown): Promise<unknown>
  /** Puts a message into the bundle queue. */
  send(message: unknown): Promise<void>
  /** Reads a target's items of a table as they are. */
  items(table: string, target: TargetName): Promise<readonly Item[]>
  put(table: string, item: Item): Promise<void>
  /** Backs up what the control table has of a target; answers what puts it back. */
  backUpControl(target: TargetName): Promise<() => Promise<void>>
}

/** Short, so that runs are carried on in slices and dead holders overtaken soon. */
const settings = { leaseMs: 2_000, heartbeatMs: 500 }
const functionTimeouts = { apply: 12_000, runner: 12_000 }
const auditAttempts = 2

export async function startGatedCloud(statements: StatementsByFunction): Promise<GatedCloud> {
  const gate = await startIamGate(statements)
  const login = makeTokenLogin(accessKeyOf('runner'))
  const fronts = { variablesInside: gate.variablesInside, frontPostgres: login.before }
  const cloud = await startTestCloud({ settings, functionTimeouts, auditAttempts, ...fronts })
  const dynamodb = new DynamoDBClient({})
  const items: GatedCloud['items'] = async (table, target) => {
    const values = { ':partition': { S: partition(target) } }
    const all = { TableName: table, KeyConditionExpression: 'pk = :partition', ExpressionAttributeValues: values }
    return (await dynamodb.send(new QueryCommand({ ...all, ConsistentRead: true }))).Items ?? []
  }
  const put: GatedCloud['put'] = async (table, item) =>
    void (await dynamodb.send(new PutItemCommand({ TableName: table, Item: item })))
  return {
    ...cloud,
    gate,
    login,
    control: controlOf(dynamodb),
    items,
    put,
    invoke: (name, payload) => invokeFunction(new LambdaClient({}), lambdaName(name))(payload),
    send: async (message) => {
      const QueueUrl = cloud.cloud.environment()[environment.queueUrl]
      await new SQSClient({}).send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(message) }))
    },
    async backUpControl(target) {
      const backup = await items(controlTableName, target)
      return async () => {
        for (const { pk, sk } of await items(controlTableName, target))
          await dynamodb.send(new DeleteItemCommand({ TableName: controlTableName, Key: { pk, sk } as Item }))
        for (const item of backup) await put(controlTableName, item)
      }
    },
    [Symbol.asyncDispose]: async () => {
      await cloud[Symbol.asyncDispose]()
      await login[Symbol.asyncDispose]()
      await gate.stop()
    },
  }
}

const controlOf = (client: DynamoDBClient): ControlStore =>
  dynamodbControlStore({
    client,
    controlTable: controlTableName,
    auditTable: auditTableName,
    parseSettings: parseTargetSettings,
    clock: systemClock,
    random: systemRandom,
  })

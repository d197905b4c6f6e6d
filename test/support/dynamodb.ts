import { randomUUID } from 'node:crypto'
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createTables, type TableNames } from '../../scripts/local/create-tables.ts'
import { startDynamoDbServer } from '../../scripts/local/dynamodb-server.ts'
import { clientFor, credentials, region } from '../../scripts/local/names.ts'

/** A server for a whole test run; `env` is what its tests need to find it. */
export interface RunningDynamodb {
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** Takes the server of AWS_ENDPOINT_URL_DYNAMODB or AWS_ENDPOINT_URL (LocalStack, AWS), or starts the bundled one, empty. */
export async function startDynamodb(): Promise<RunningDynamodb> {
  const given = process.env.AWS_ENDPOINT_URL_DYNAMODB ?? process.env.AWS_ENDPOINT_URL
  if (given !== undefined) return { env: {}, stop: async () => {} }
  const server = await startDynamoDbServer({})
  return {
    env: {
      AWS_ENDPOINT_URL_DYNAMODB: server.endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken,
    },
    stop: () => server.stop(),
  }
}

/** Two empty tables of one test file, and a client for them; disposing drops both. */
export interface TestTables extends TableNames, AsyncDisposable {
  readonly client: DynamoDBClient
  /** Makes another client of the same server, for middlewares that another test must not meet. */
  newClient(): DynamoDBClient
}

/** Creates tables of their own names on the server of the test run, or on another one. */
export async function makeTables(endpoint?: string): Promise<TestTables> {
  const newClient = (): DynamoDBClient => new DynamoDBClient(endpoint === undefined ? {} : clientFor(endpoint))
  const client = newClient()
  const suffix = randomUUID().slice(0, 8)
  const names = { controlTable: `control-${suffix}`, auditTable: `audit-${suffix}` }
  await createTables(client, names)
  return {
    ...names,
    client,
    newClient,
    async [Symbol.asyncDispose]() {
      for (const TableName of Object.values(names))
        await client.send(new DeleteTableCommand({ TableName })).catch(() => {})
      client.destroy()
    },
  }
}

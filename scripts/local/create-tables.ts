import {
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  ResourceInUseException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { auditTable, controlTable } from '../../functions/edge/resources.ts'

export interface TableNames {
  readonly controlTable: string
  readonly auditTable: string
}

/** Creates the control and the audit table and waits until they can be used; tables that are there already stay as they are. */
export async function createTables(client: DynamoDBClient, names: TableNames): Promise<void> {
  await Promise.all([
    createTable(client, names.controlTable, controlTable),
    createTable(client, names.auditTable, auditTable),
  ])
}

const longestWaitSeconds = 60

async function createTable(client: DynamoDBClient, name: string, definition: typeof controlTable): Promise<void> {
  try {
    await client.send(new CreateTableCommand(describe(name, definition)))
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error
  }
  await waitUntilTableExists({ client, maxWaitTime: longestWaitSeconds, minDelay: 1 }, { TableName: name })
}

function describe(
  name: string,
  { partitionKey, sortKey, localIndex, stream }: typeof controlTable,
): CreateTableCommandInput {
  const keys = [partitionKey, sortKey, ...(localIndex === undefined ? [] : [localIndex.sortKey])]
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: keys.map((key) => ({ AttributeName: key, AttributeType: 'S' })),
    KeySchema: keySchema(partitionKey, sortKey),
    ...(localIndex !== undefined && {
      LocalSecondaryIndexes: [
        {
          IndexName: localIndex.name,
          KeySchema: keySchema(partitionKey, localIndex.sortKey),
          Projection: { ProjectionType: localIndex.projection },
        },
      ],
    }),
    ...(stream !== undefined && { StreamSpecification: { StreamEnabled: true, StreamViewType: stream } }),
  }
}

const keySchema = (partitionKey: string, sortKey: string): CreateTableCommandInput['KeySchema'] => [
  { AttributeName: partitionKey, KeyType: 'HASH' },
  { AttributeName: sortKey, KeyType: 'RANGE' },
]

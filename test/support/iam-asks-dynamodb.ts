import * as z from 'zod'
import type { Ask } from './iam-decision.ts'
import { templateName } from './iam-names.ts'

const key = z.object({ pk: z.object({ S: z.string() }) })
const keyed = z.object({ TableName: z.string(), Key: key })
const put = z.object({ TableName: z.string(), Item: key })
const query = z.object({
  TableName: z.string(),
  IndexName: z.string().optional(),
  KeyConditionExpression: z.string(),
  ExpressionAttributeValues: z.record(z.string(), z.unknown()),
})
const part = z.union([
  z.strictObject({ Put: put }),
  z.strictObject({ Update: keyed }),
  z.strictObject({ Delete: keyed }),
  z.strictObject({ ConditionCheck: keyed }),
])
const transaction = z.object({ TransactItems: z.array(part).min(1) })

/** What a request to DynamoDB asks of IAM; a transaction asks for each of its parts. @throws Error for another operation */
export function dynamodbAsks(operation: string, body: unknown): readonly Ask[] {
  switch (operation) {
    case 'GetItem':
    case 'UpdateItem':
    case 'DeleteItem':
      return [keyedAsk(operation, keyed.parse(body))]
    case 'PutItem':
      return [putAsk(put.parse(body))]
    case 'Query':
      return [queryAsk(query.parse(body))]
    case 'TransactWriteItems':
      return transaction.parse(body).TransactItems.map(partAsk)
    default:
      throw new Error(`DynamoDB's ${operation} is not known to the gate`)
  }
}

const keyedAsk = (operation: string, { TableName, Key }: z.output<typeof keyed>): Ask => ({
  action: `dynamodb:${operation}`,
  resource: templateName('table', TableName),
  leadingKeys: [Key.pk.S],
})

const putAsk = ({ TableName, Item }: z.output<typeof put>): Ask => keyedAsk('PutItem', { TableName, Key: Item })

const partAsk = (write: z.output<typeof part>): Ask => {
  if ('Put' in write) return putAsk(write.Put)
  if ('Update' in write) return keyedAsk('UpdateItem', write.Update)
  if ('Delete' in write) return keyedAsk('DeleteItem', write.Delete)
  return keyedAsk('ConditionCheckItem', write.ConditionCheck)
}

/** All our queries are of one partition. */
const queryAsk = (asked: z.output<typeof query>): Ask => {
  const [, value = ''] = /\bpk = (:\w+)/.exec(asked.KeyConditionExpression) ?? []
  const { S } = z.object({ S: z.string() }).parse(asked.ExpressionAttributeValues[value])
  const table = templateName('table', asked.TableName)
  const resource = asked.IndexName === undefined ? table : `${table}/index/${asked.IndexName}`
  return { action: 'dynamodb:Query', resource, leadingKeys: [S] }
}

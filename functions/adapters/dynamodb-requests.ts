import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import type { Random } from '../engine/system.ts'
import { natureOf } from './dynamodb-errors.ts'
import { type Change, item, updateOf } from './dynamodb-expressions.ts'
import type { Fields } from './dynamodb-fields.ts'
import type { Key } from './dynamodb-items.ts'
import { makePatience, type PatiencePorts } from './dynamodb-patience.ts'

/** What one of a transaction's writes is about, so that a refusal can be told by name. */
export type WriteName = 'lock' | 'run' | 'done' | 'chain' | 'entry' | 'event'
export type NamedWrite = TransactWriteItem & { readonly name: WriteName }
/** The writes whose conditions did not hold, each with its item as it is (undefined: there is none). */
export type Refusals = ReadonlyMap<WriteName, Fields | undefined>

export interface UpdateAnswer {
  readonly written: boolean
  /** The item after the write; after a refusal the item as it is (undefined: there is none). */
  readonly fields: Fields | undefined
}

/** Sends requests patiently; reads are consistent, and a condition that does not hold is an answer. */
export interface Requests {
  get(table: string, key: Key): Promise<Fields | undefined>
  /** Reads at most `limit` items of a query, over as many pages as it takes. */
  query(query: QueryCommandInput & { readonly TableName: string }, limit?: number): Promise<readonly Fields[]>
  put(table: string, content: Fields): Promise<void>
  update(table: string, change: Change): Promise<UpdateAnswer>
  /** Makes all writes, or none; undefined when they happened. Errors name the table of the first. */
  transact(table: string, writes: readonly NamedWrite[]): Promise<Refusals | undefined>
}

export interface RequestPorts extends PatiencePorts {
  readonly client: DynamoDBClient
  readonly random: Pick<Random, 'revision' | 'fraction'>
}

/** Makes the requests of one client. */
export function dynamodbRequests(ports: RequestPorts): Requests {
  const { client, random } = ports
  const patiently = makePatience(ports)
  return {
    get: (table, key) =>
      patiently(table, async () => {
        const answer = await client.send(new GetItemCommand({ TableName: table, Key: item(key), ConsistentRead: true }))
        return plain(answer.Item)
      }),

    async query(query, limit) {
      const found: Fields[] = []
      let from: Record<string, AttributeValue> | undefined
      do {
        const rest = limit === undefined ? {} : { Limit: limit - found.length }
        const page = { ...query, ...rest, ConsistentRead: true, ExclusiveStartKey: from }
        const answer = await patiently(query.TableName, () => client.send(new QueryCommand(page)))
        found.push(...(answer.Items ?? []).map((found) => unmarshall(found)))
        from = answer.LastEvaluatedKey
      } while (from !== undefined && (limit === undefined || found.length < limit))
      return found
    },

    put: (table, content) =>
      patiently(table, async () => {
        await client.send(new PutItemCommand({ TableName: table, Item: item(content) }))
      }),

    update: (table, change) =>
      patiently(table, async () => {
        try {
          const answer = await client.send(
            new UpdateItemCommand({ ...updateOf(table, change), ReturnValues: 'ALL_NEW' }),
          )
          return { written: true, fields: plain(answer.Attributes) }
        } catch (error) {
          if (!(error instanceof ConditionalCheckFailedException)) throw error
          return { written: false, fields: plain(error.Item) }
        }
      }),

    transact(table, writes) {
      const TransactItems = writes.map(({ name: _, ...write }) => write)
      // DynamoDB answers a repeated token as it did the first time, so a lost answer is no riddle for ten minutes.
      let requestToken: string = random.revision()
      return patiently(table, async () => {
        try {
          await client.send(new TransactWriteItemsCommand({ TransactItems, ClientRequestToken: requestToken }))
          return undefined
        } catch (error) {
          if (!(error instanceof TransactionCanceledException)) throw error
          if (natureOf(error) === 'refused') return refusalsOf(error, writes)
          requestToken = random.revision()
          throw error
        }
      })
    },
  }
}

/** An absent item comes as undefined or, from an emulator, as an empty one. */
const plain = (attributes: Record<string, AttributeValue> | undefined): Fields | undefined =>
  attributes === undefined || Object.keys(attributes).length === 0 ? undefined : unmarshall(attributes)

function refusalsOf(
  { CancellationReasons = [] }: TransactionCanceledException,
  writes: readonly NamedWrite[],
): Refusals {
  const refused = CancellationReasons.flatMap(({ Code, Item }, index): [WriteName, Fields | undefined][] => {
    const write = writes[index]
    return Code === 'ConditionalCheckFailed' && write !== undefined ? [[write.name, plain(Item)]] : []
  })
  return new Map(refused)
}

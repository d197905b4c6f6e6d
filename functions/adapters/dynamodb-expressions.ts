import type { AttributeValue, Put, Update } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { stateValues } from './dynamodb-conditions.ts'
import type { Key } from './dynamodb-items.ts'

type Values = Readonly<Record<string, unknown>>

export interface Change {
  readonly key: Key
  /** Attributes to set; those that are undefined are removed. */
  readonly set?: Values
  /** Attributes to set unless the item has them. */
  readonly setOnce?: Values
  readonly add?: Readonly<Record<string, number>>
  readonly condition: string
  /** The condition's values, by their names in it. */
  readonly values?: Values
}

/** An update or put whose refusal returns the item as it is. */
type Guarded<Write> = Write & { readonly ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }

/** Puts a change into DynamoDB's words. */
export function updateOf(table: string, change: Change): Guarded<Update & { UpdateExpression: string }> {
  const { set = {}, setOnce = {}, add = {}, condition, values = {} } = change
  const kept = Object.keys(set).filter((name) => set[name] !== undefined)
  const removed = Object.keys(set).filter((name) => set[name] === undefined)
  const clauses = [
    clause('set', [
      ...kept.map((name) => `#${name} = :new_${name}`),
      ...Object.keys(setOnce).map((name) => `#${name} = if_not_exists(#${name}, :new_${name})`),
    ]),
    clause(
      'remove',
      removed.map((name) => `#${name}`),
    ),
    clause(
      'add',
      Object.keys(add).map((name) => `#${name} :new_${name}`),
    ),
  ]
  const update = clauses.join(' ').trim()
  const news = Object.entries({ ...set, ...setOnce, ...add }).map(([name, value]) => [`:new_${name}`, value])
  return {
    TableName: table,
    Key: item(change.key),
    UpdateExpression: update,
    ConditionExpression: condition,
    ...namesAndValues(`${update} ${condition}`, { ...stateValues, ...values, ...Object.fromEntries(news) }),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}

/** Puts a whole item, guarded by a condition when there is one. */
export function putOf(table: string, content: Values, condition?: string): Guarded<Put> {
  return {
    TableName: table,
    Item: item(content),
    ...(condition !== undefined && { ConditionExpression: condition, ...namesAndValues(condition, stateValues) }),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}

/** Marshalls plain data; undefined members are dropped, so an optional field is an absent attribute. */
export const item = (content: object): Record<string, AttributeValue> =>
  marshall(content, { removeUndefinedValues: true })

const clause = (keyword: string, parts: readonly string[]): string =>
  parts.length === 0 ? '' : `${keyword} ${parts.join(', ')}`

/** Every `#name` stands for the attribute of that name; DynamoDB refuses names and values that no expression mentions. */
function namesAndValues(expression: string, values: Values) {
  const names = expression.match(/#\w+/g) ?? []
  const mentioned = [...new Set(expression.match(/:\w+/g))].map((name) => [name, values[name]])
  return {
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [name, name.slice(1)])),
    ...(mentioned.length > 0 && { ExpressionAttributeValues: item(Object.fromEntries(mentioned)) }),
  }
}

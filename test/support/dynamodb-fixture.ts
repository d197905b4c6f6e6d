import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { dynamodbControlStore } from '../../functions/adapters/dynamodb-control.ts'
import { item } from '../../functions/adapters/dynamodb-expressions.ts'
import { eventItem, lockKey } from '../../functions/adapters/dynamodb-items.ts'
import { writeSettings } from '../../functions/adapters/dynamodb-settings.ts'
import { systemRandom } from '../../functions/adapters/system.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'
import type { ControlFixture } from '../contract/control-store.ts'
import { makeTables, type TestTables } from './dynamodb.ts'
import { virtualClock } from './virtual-clock.ts'

/** Makes a control store on tables of its own, with a clock that waits for nothing. */
export async function dynamodbFixture(endpoint?: string): Promise<ControlFixture & { readonly tables: TestTables }> {
  const tables = await makeTables(endpoint)
  return { ...fixtureOn(tables), [Symbol.asyncDispose]: () => tables[Symbol.asyncDispose]() }
}

/** Makes another control store on the same tables, with a client of its own. */
export function fixtureOn(tables: TestTables) {
  const { controlTable, auditTable } = tables
  const client = tables.newClient()
  const clock = virtualClock()
  const store = dynamodbControlStore({
    client,
    controlTable,
    auditTable,
    parseSettings: parseTargetSettings,
    clock,
    random: systemRandom,
  })
  return {
    tables,
    client,
    clock,
    store,
    async putLock({ target, ...lock }: Parameters<ControlFixture['putLock']>[0]) {
      await tables.client.send(
        new PutItemCommand({ TableName: controlTable, Item: marshall({ ...lockKey(target), ...lock }) }),
      )
    },
    async putEvents(events: Parameters<ControlFixture['putEvents']>[0]) {
      for (const event of events)
        await tables.client.send(new PutItemCommand({ TableName: auditTable, Item: item(eventItem(event)) }))
    },
    putSettings: (settings: Parameters<ControlFixture['putSettings']>[0]) =>
      writeSettings(tables.client, controlTable, settings),
  }
}

import { afterAll, describe } from 'vitest'
import { dynamodbFixture } from '../support/dynamodb-fixture.ts'
import { type DynamodbLocal, startDynamodbLocal, whyNoDynamodbLocal } from '../support/dynamodb-local.ts'
import { memoryControl } from '../support/memory-control.ts'
import { virtualClock } from '../support/virtual-clock.ts'
import { controlStoreContract } from './control-store.ts'

controlStoreContract('control store in memory', async () => {
  const store = memoryControl(virtualClock())
  return {
    store,
    async putLock(lock) {
      store.records(lock.target).lock = lock
    },
    async putEvents(events) {
      for (const event of events) store.records(event.target).events.push(event)
    },
    async putSettings(settings) {
      store.records(settings.target).settings = settings
    },
    async [Symbol.asyncDispose]() {},
  }
})

controlStoreContract('control store on DynamoDB', () => dynamodbFixture())

const missing = whyNoDynamodbLocal()
describe.skipIf(missing !== undefined)(`DynamoDB Local${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let local: DynamodbLocal | undefined
  afterAll(() => local?.[Symbol.asyncDispose]())

  controlStoreContract('control store', async () => {
    local = await startDynamodbLocal()
    return dynamodbFixture(local.endpoint)
  })
})
if (missing !== undefined) process.stderr.write(`DynamoDB Local is not tested: ${missing}\n`)

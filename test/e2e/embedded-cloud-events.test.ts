import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EventBus, startEventBus } from '../../scripts/local/event-bus.ts'
import { clientFor } from '../../scripts/local/names.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

let folder: TemporaryFolder
let bus: EventBus
let client: EventBridgeClient

beforeAll(async () => {
  folder = await temporaryFolder()
  bus = await startEventBus(folder.path)
  client = new EventBridgeClient(clientFor(bus.endpoint))
})
afterAll(async () => {
  client.destroy()
  await bus.stop()
  await folder[Symbol.asyncDispose]()
})

const put = (...Entries: PutEventsRequestEntry[]) => client.send(new PutEventsCommand({ Entries }))
const entry = (more: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  Source: 'lockstep',
  DetailType: 'lockstep.run.finished',
  Detail: '{"run":"r-1"}',
  ...more,
})

test('given events, when they are put, then they are read back in order as a target would get them', async () => {
  const time = new Date('2026-11-24T10:00:00Z')
  const answer = await put(entry({ Time: time, Resources: ['arn:x'] }), entry({ Detail: '{"run":"r-2"}' }))
  expect(answer.FailedEntryCount).toBe(0)
  const events = await bus.events()
  expect(events.map(({ id }) => id)).toEqual(answer.Entries?.map(({ EventId }) => EventId))
  expect(events[0]).toMatchObject({
    version: '0',
    'detail-type': 'lockstep.run.finished',
    source: 'lockstep',
    account: '000000000000',
    region: 'us-east-1',
    time: '2026-11-24T10:00:00.000Z',
    resources: ['arn:x'],
    detail: { run: 'r-1' },
  })
  expect(events[1]?.detail).toEqual({ run: 'r-2' })
})

test('given a bad entry among good ones, when they are put, then it alone is refused', async () => {
  const before = (await bus.events()).length
  const answer = await put(entry({ Detail: 'no json' }), entry(), entry({ Source: 'aws.s3' }), {
    Source: 'x',
    DetailType: 'y',
  })
  expect(answer.FailedEntryCount).toBe(3)
  const codes = answer.Entries?.map(({ ErrorCode }) => ErrorCode)
  expect(codes).toEqual(['MalformedDetail', undefined, 'NotAuthorizedForSourceException', 'InvalidArgument'])
  expect(await bus.events()).toHaveLength(before + 1)
})

test('given more than EventBridge takes, when it is put, then all of it is refused', async () => {
  const before = (await bus.events()).length
  const large = entry({ Detail: JSON.stringify({ text: 'x'.repeat(256 * 1024) }) })
  await expect(put(large)).rejects.toMatchObject({ name: 'ValidationException' })
  await expect(put(...Array.from({ length: 11 }, () => entry()))).rejects.toMatchObject({ name: 'ValidationException' })
  expect(await bus.events()).toHaveLength(before)
})

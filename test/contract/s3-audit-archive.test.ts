import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { archiveKey, s3AuditArchive } from '../../functions/adapters/s3-audit-archive.ts'
import type { AuditEvent } from '../../functions/domain/audit.ts'
import { chainEvents, emptyChain } from '../../functions/domain/audit-chain.ts'
import { canonicalJson } from '../../functions/domain/canonical-json.ts'
import { runId, type TargetName } from '../../functions/domain/types.ts'
import type { AuditArchive } from '../../functions/engine/archive.ts'
import { draftOf, newTarget } from '../support/control-records.ts'
import { refusalOf } from '../support/refusal.ts'
import { makeBucket, type TestBucket } from '../support/s3.ts'

let bucket: TestBucket
let archive: AuditArchive
beforeAll(async () => {
  bucket = await makeBucket()
  archive = s3AuditArchive(bucket.client, bucket.name)
})
afterAll(() => bucket[Symbol.asyncDispose]())

const firstEvent = (target: TargetName, actor = 'AWS:AIDAEXAMPLE'): AuditEvent => {
  const [event] = chainEvents(target, emptyChain, [draftOf(runId('r-1'), { actor })])
  if (event === undefined) throw new Error('no event')
  return event
}
const archived = async (target: TargetName): Promise<string | undefined> => {
  const command = new GetObjectCommand({ Bucket: bucket.name, Key: archiveKey(target, 1) })
  return (await bucket.client.send(command)).Body?.transformToString()
}

test('given an event, when it is put, then its canonical form lies under its number', async () => {
  const event = firstEvent(newTarget())
  expect(await archive.put(event)).toBe('written')
  expect(await archived(event.target)).toBe(`${canonicalJson(event)}\n`)
})

test('given an archived event, when it is put again, then it is present', async () => {
  const event = firstEvent(newTarget())
  await archive.put(event)
  expect(await archive.put(event)).toBe('present')
})

test('given an archived event, when another one comes in its place, then that is a fork and the first one stands', async () => {
  const event = firstEvent(newTarget())
  await archive.put(event)
  expect(await archive.put(firstEvent(event.target, 'somebody else'))).toBe('forked')
  expect(await archived(event.target)).toBe(`${canonicalJson(event)}\n`)
})

test('given an event, when twenty put it at once, then one writes it and the others find it', async () => {
  const event = firstEvent(newTarget())
  const answers = await Promise.all(Array.from({ length: 20 }, () => archive.put(event)))
  expect(answers.sort()).toEqual([...Array(19).fill('present'), 'written'])
})

test('given evidence, when it is put twice, then it is one object beside the events', async () => {
  const target = newTarget()
  const evidence = { target, seq: 7, change: 'MODIFY', before: { a: 1 }, after: { a: 2 } } as const
  await archive.putEvidence(evidence)
  await archive.putEvidence(evidence)
  const command = new ListObjectsV2Command({ Bucket: bucket.name, Prefix: `audit/${target}/` })
  const { Contents } = await bucket.client.send(command)
  const keys = Contents?.map(({ Key }) => Key)
  expect(keys).toEqual([expect.stringMatching(/\/evidence\/000000000007-[0-9a-f]{12}\.json$/)])
})

test('given no such bucket, when an event is put, then AWS is unreachable', async () => {
  const nowhere = s3AuditArchive(bucket.client, `no-${bucket.name}`)
  expect((await refusalOf(() => nowhere.put(firstEvent(newTarget())))).code).toBe('AWS_UNREACHABLE')
})

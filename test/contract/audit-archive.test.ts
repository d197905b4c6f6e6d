import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { s3AuditArchive } from '../../functions/adapters/s3-audit-archive.ts'
import type { AuditEvent } from '../../functions/domain/audit.ts'
import { chainEvents, emptyChain } from '../../functions/domain/audit-chain.ts'
import { runId, type TargetName } from '../../functions/domain/types.ts'
import type { AuditArchive } from '../../functions/engine/archive.ts'
import { draftOf, newTarget } from '../support/control-records.ts'
import { memoryArchive } from '../support/memory-archive.ts'
import { makeBucket, type TestBucket } from '../support/s3.ts'

const eventsOf = (target: TargetName, count: number): readonly AuditEvent[] =>
  chainEvents(
    target,
    emptyChain,
    Array.from({ length: count }, () => draftOf(runId('r-1'))),
  )

let bucket: TestBucket
beforeAll(async () => {
  bucket = await makeBucket()
})
afterAll(() => bucket[Symbol.asyncDispose]())

const archives: readonly (readonly [string, () => AuditArchive])[] = [
  ['in memory', memoryArchive],
  ['on S3', () => s3AuditArchive(bucket.client, bucket.name)],
]

describe.each(archives)('audit archive %s', (_name, open) => {
  test('given an event, when it was put, then it is had, and the next one is not', async () => {
    const archive = open()
    const target = newTarget()
    const [event] = eventsOf(target, 1)
    expect(await archive.has(target, 1)).toBe(false)
    expect(event && (await archive.put(event))).toBe('written')
    expect([await archive.has(target, 1), await archive.has(target, 2)]).toEqual([true, false])
  })

  test('given events with a gap and evidence beside them, when they are listed, then their numbers come in order', async () => {
    const archive = open()
    const target = newTarget()
    const events = eventsOf(target, 12)
    for (const event of events.filter(({ seq }) => seq !== 7).toReversed()) await archive.put(event)
    await archive.putEvidence({ target, seq: 7, change: 'REMOVE', before: { a: 1 }, after: null })
    expect(await archive.seqs(target)).toEqual([1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12])
  })

  test('given another target whose name begins the same, when numbers are listed, then its own are not among them', async () => {
    const archive = open()
    const target = newTarget()
    const [event] = eventsOf(`${target}-b` as TargetName, 1)
    if (event !== undefined) await archive.put(event)
    expect(await archive.seqs(target)).toEqual([])
  })
})

test('given more events than S3 lists at once, when they are listed, then all are', async () => {
  const archive = s3AuditArchive(bucket.client, bucket.name)
  const target = newTarget()
  const events = eventsOf(target, 1_050)
  for (let from = 0; from < events.length; from += 50)
    await Promise.all(events.slice(from, from + 50).map((event) => archive.put(event)))
  expect(await archive.seqs(target)).toHaveLength(1_050)
})

import { beforeEach, describe, expect, test } from 'vitest'
import { runIdOf } from '../../functions/domain/bundle-key.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { LockRecord } from '../../functions/domain/records.ts'
import { instant, revision, runId, type TargetName, token } from '../../functions/domain/types.ts'
import { runnerTimeout } from '../../functions/edge/resources.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'
import { type FrontPorts, handleDelivery, type Upload } from '../../functions/engine/front.ts'
import type { RunnerAnswer } from '../../functions/engine/runner-contract.ts'
import { countingRandom } from '../support/counting-random.ts'
import { type MemoryControl, memoryControl } from '../support/memory-control.ts'
import { type MemoryQueue, memoryQueue } from '../support/memory-queue.ts'
import { type VirtualClock, virtualClock } from '../support/virtual-clock.ts'

const object = { bucket: 'bundles', key: 'bundles/shop/abc.zip', versionId: 'v1' }
const target = 'shop' as TargetName
const run = runIdOf(object)
const deadline = { remainingMs: () => 900_000 }
const upload: Upload = {
  message: { receipt: 'm1', body: 'the message' },
  receiveCount: 1,
  object,
  actor: { kind: 'upload', principal: 'AWS:deploy', address: '192.0.2.7' },
}

let clock: VirtualClock
let control: MemoryControl
let queue: MemoryQueue

beforeEach(() => {
  clock = virtualClock()
  control = memoryControl(clock)
  queue = memoryQueue()
})

const front = (invokeRunner: FrontPorts['invokeRunner']): FrontPorts => ({
  queue,
  control,
  invokeRunner,
  clock,
  random: countingRandom(),
  log: { info: () => {}, warn: () => {} },
})

const answering = (answer: RunnerAnswer): FrontPorts => front(async () => answer)
const crashing = (): FrontPorts =>
  front(async () => {
    throw new LockstepError('INTERNAL', 'runner exited')
  })

const starts = async (): Promise<number | undefined> => (await control.readRun(target, run))?.starts

const holder: LockRecord = {
  target,
  lockState: 'HELD',
  token: token(3),
  revision: revision('r'),
  leaseMs: 30_000,
  attachedOnce: true,
  ownerRun: runId('r-other'),
}

describe("the message's fate", () => {
  test.each<[string, RunnerAnswer, string]>([
    ['done', { kind: 'done', state: 'SUCCEEDED', applied: 2 }, 'done'],
    ['done with a failure', { kind: 'done', state: 'FAILED', applied: 0 }, 'done'],
    ['more', { kind: 'more' }, 'again'],
    ['held', { kind: 'held', holder }, 'again'],
  ])(
    'given a runner that answers %s, when an upload is handled, then the message is %s and the start taken back',
    async (_name, answer, fate) => {
      expect(await handleDelivery(answering(answer), upload, deadline)).toBe(fate)
      expect(await starts()).toBe(0)
    },
  )

  test('given a runner that answers more, when an upload is handled, then the message is visible at once', async () => {
    await handleDelivery(answering({ kind: 'more' }), upload, deadline)
    expect(queue.visibility.get('m1')).toEqual([60, 0])
  })

  test('given a held lease, when an upload is handled, then the message comes back in 5 to 30 seconds', async () => {
    await handleDelivery(answering({ kind: 'held', holder }), upload, deadline)
    const last = queue.visibility.get('m1')?.at(-1)
    expect(last).toBeGreaterThanOrEqual(5)
    expect(last).toBeLessThanOrEqual(30)
  })

  test('given Lambda that does not start the runner, when an upload is handled, then it waits like any other, and no start is counted', async () => {
    const ports = front(async () => {
      throw new LockstepError('AWS_THROTTLED', 'rate exceeded')
    })
    for (let round = 0; round < 10; round++) expect(await handleDelivery(ports, upload, deadline)).toBe('again')
    expect(await starts()).toBe(0)
    expect(queue.visibility.get('m1')?.at(-1)).toBeGreaterThanOrEqual(5)
  })

  test('given a runner at work for two minutes, when time passes, then the visibility is extended again and again', async () => {
    const ports = front(async () => {
      await clock.sleep(120_000)
      return { kind: 'more' }
    })
    await handleDelivery(ports, upload, deadline)
    expect(queue.visibility.get('m1')?.length).toBeGreaterThanOrEqual(7)
  })
})

describe('what ends a run without its runner', () => {
  test('given five crashed starts, when the message comes a sixth time, then the run is CRASHED and a copy is kept', async () => {
    for (let crash = 1; crash <= 5; crash++) expect(await handleDelivery(crashing(), upload, deadline)).toBe('again')
    expect(await handleDelivery(crashing(), upload, deadline)).toBe('done')
    expect(await control.readRun(target, run)).toMatchObject({ state: 'CRASHED', failure: { code: 'RUN_CRASHED' } })
    expect(queue.deadLetters).toEqual([upload.message])
    expect((await control.readAudit(target, 0, 10)).map((event) => event.type)).toEqual(['run.finished'])
  })

  test('given orderly exits between crashes, when the message comes often, then only crashes count', async () => {
    for (let round = 0; round < 20; round++) await handleDelivery(answering({ kind: 'held', holder }), upload, deadline)
    expect(await handleDelivery(crashing(), upload, deadline)).toBe('again')
    expect(await starts()).toBe(1)
  })

  test('given a run that waits for a day, when its message comes, then it is EXPIRED', async () => {
    await handleDelivery(answering({ kind: 'held', holder }), upload, deadline)
    clock.skew(24 * 60 * 60 * 1000)
    expect(await handleDelivery(answering({ kind: 'held', holder }), upload, deadline)).toBe('done')
    expect(await control.readRun(target, run)).toMatchObject({ state: 'EXPIRED', failure: { code: 'RUN_EXPIRED' } })
  })

  test('given a message that was received 500 times, when it comes, then its run is over and a copy is kept', async () => {
    expect(await handleDelivery(answering({ kind: 'more' }), { ...upload, receiveCount: 500 }, deadline)).toBe('done')
    expect(queue.deadLetters).toHaveLength(1)
  })

  test('given a run that is over, when its message comes again, then the runner is not asked', async () => {
    const event = { type: 'run.finished', at: instant(new Date(0)), run, actor: 'x', data: {} } as const
    await handleDelivery(answering({ kind: 'more' }), upload, deadline)
    await control.finishRun(target, run, { state: 'REFUSED', applied: 0, notices: [] }, [event])
    expect(await handleDelivery(crashing(), upload, deadline)).toBe('done')
    expect(await control.readRun(target, run)).toMatchObject({ state: 'REFUSED' })
  })
})

test("given the front's own deadline, when the runner is asked, then its budget leaves half a minute", async () => {
  const budgets: number[] = []
  const ports = front(async (request) => {
    budgets.push(request.budgetMs)
    return { kind: 'more' }
  })
  await handleDelivery(ports, upload, { remainingMs: () => 900_000 })
  await handleDelivery(ports, upload, { remainingMs: () => 5_000 })
  expect(budgets).toEqual([870_000, 4_500])
})

test('given the shortest timeout that a deploy may choose, when the runner is asked, then its slice outlasts the longest lease', async () => {
  const connection = { host: 'h', database: 'd', user: 'u' }
  const withLease = (leaseMs: number) =>
    parseTargetSettings({ target, applicationRole: 'a', connection, leaseMs, heartbeatMs: 1_000 })
  const { leaseMs } = withLease(300_000)
  expect(() => withLease(leaseMs + 1)).toThrow('leaseMs')
  const budgets: number[] = []
  const ports = front(async (request) => {
    budgets.push(request.budgetMs)
    return { kind: 'more' }
  })
  await handleDelivery(ports, upload, { remainingMs: () => runnerTimeout.shortestSeconds * 1000 })
  expect(budgets[0]).toBeGreaterThanOrEqual(leaseMs + 30_000)
})

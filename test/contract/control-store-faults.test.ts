import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyChain, verifyChain } from '../../functions/domain/audit-chain.ts'
import type { Lease } from '../../functions/domain/records.ts'
import { runId, type TargetName } from '../../functions/domain/types.ts'
import type { ControlStore, NewRun } from '../../functions/engine/control-store.ts'
import { type Disturbed, disturb, times } from '../support/client-faults.ts'
import {
  claimOf,
  draftOf,
  endOf,
  eventOf,
  leaseFor,
  newTarget,
  nothingYet,
  observe,
  receiptOf,
  startRun,
} from '../support/control-records.ts'
import { makeTables, type TestTables } from '../support/dynamodb.ts'
import { fixtureOn } from '../support/dynamodb-fixture.ts'
import { memoryControl } from '../support/memory-control.ts'
import { refusalOf } from '../support/refusal.ts'
import { virtualClock } from '../support/virtual-clock.ts'
import { type WriteName, writeNames, writesOf } from './control-store-writes.ts'

let tables: TestTables
beforeAll(async () => {
  tables = await makeTables()
})
afterAll(() => tables[Symbol.asyncDispose]())

/** A store whose writes meet faults, and one on the same tables whose writes do not. */
const stores = (): { readonly store: ControlStore; readonly calm: ControlStore; readonly net: Disturbed } => {
  const { store, client } = fixtureOn(tables)
  return { store, net: disturb(client), calm: fixtureOn(tables).store }
}

/** What an undisturbed store answers, and what is there afterwards. */
async function undisturbed(name: WriteName, target: TargetName) {
  const store = memoryControl(virtualClock())
  const write = writesOf(target)[name]
  await write.given(store)
  const answer = await write.act(store)
  return { answer, after: await observe(store, target) }
}

/** The writes whose repetition by the caller is another one: a second start is no first one come twice. */
const counters: readonly string[] = ['countStart', 'returnStart']
const repeatable = writeNames.filter((name) => !counters.includes(name))

describe('a lost answer', () => {
  it.each(writeNames)(
    'given %s took effect, when its answer is lost and it is sent again, then it is as if it was not',
    async (name) => {
      for (const forgetful of [false, true]) {
        const { store, net, calm } = stores()
        const target = newTarget()
        const expected = await undisturbed(name, target)
        const write = writesOf(target)[name]
        await write.given(calm)
        Object.assign(net, { faults: times(1, 'lost'), forgetful })
        expect(await write.act(store)).toEqual(expected.answer)
        expect(await observe(calm, target)).toEqual(expected.after)
        expect(net.faults).toEqual([])
      }
    },
  )

  it.each(repeatable)(
    'given %s took effect, when no answer arrives and the caller repeats it, then it is as if it was not',
    async (name) => {
      const { store, net, calm } = stores()
      const target = newTarget()
      const expected = await undisturbed(name, target)
      const write = writesOf(target)[name]
      await write.given(calm)
      Object.assign(net, { faults: times(4, 'lost') })
      expect((await refusalOf(() => write.act(store))).code).toBe('AWS_UNREACHABLE')
      expect(await write.act(store)).toEqual(expected.answer)
      expect(await observe(calm, target)).toEqual(expected.after)
    },
  )

  const transitions = ['finishRun', 'acquire', 'attach', 'takeOver', 'park', 'yieldLease', 'release'] as const
  it.each(transitions)(
    'given %s took effect, when its answer is lost and others append before it is sent again, then its answer stays',
    async (name) => {
      const { store, net, calm } = stores()
      const target = newTarget()
      const { answer } = await undisturbed(name, target)
      const write = writesOf(target)[name]
      await write.given(calm)
      Object.assign(net, { faults: [{ kind: 'lost', after: () => appendTo(calm, target) }], forgetful: true })
      expect(await write.act(store)).toEqual(answer)
      await expectIntact(calm, target)
    },
  )

  it('given a projection took effect, when its answer is lost and others append, then it has moved and nothing is there twice', async () => {
    const { store, net, calm } = stores()
    const target = newTarget()
    Object.assign(net, { faults: [{ kind: 'lost', after: () => appendTo(calm, target) }], forgetful: true })
    expect(await writesOf(target).project.act(store)).toBe('moved')
    const { chain, events } = await observe(calm, target)
    expect(chain).toMatchObject({ seq: 3, projected: { n: 2 } })
    expect(events.map(({ type }) => type)).toEqual(['migration.applied', 'migration.applied', 'run.attached'])
  })

  it('given an acquire took effect, when its answer is lost and its run is ended, then it is granted, and lost at the next step', async () => {
    const { store, net, calm } = stores()
    const run = await startRun(calm, newTarget())
    const end = () => calm.finishRun(run.target, run.id, endOf({ state: 'EXPIRED' }), [])
    Object.assign(net, { faults: [{ kind: 'lost', after: end }], forgetful: true })
    const attempt = await store.acquire(claimOf(run))
    if (!attempt.granted) throw new Error('not granted')
    expect(await store.release(attempt.lease, endOf(), [])).toBe('lost')
  })

  it('given a counted start whose answers are all lost, when the caller counts again, then that is another start', async () => {
    const { store, net, calm } = stores()
    const write = writesOf(newTarget()).countStart
    Object.assign(net, { faults: times(4, 'lost') })
    await refusalOf(() => write.act(store))
    expect(await write.act(calm)).toMatchObject({ starts: 2 })
  })
})

describe('a transaction conflict', () => {
  it.each(writeNames)(
    'given %s meets other transactions, when they are over, then it succeeds as if alone',
    async (name) => {
      const { store, net, calm } = stores()
      const target = newTarget()
      const expected = await undisturbed(name, target)
      const write = writesOf(target)[name]
      await write.given(calm)
      Object.assign(net, { faults: times(5, 'conflict') })
      expect(await write.act(store)).toEqual(expected.answer)
      expect(await observe(calm, target)).toEqual(expected.after)
      expect(net.writes).toBe(6)
    },
  )

  it.each(writeNames)(
    'given %s meets conflicts without end, when it gives up, then that is no refusal and nothing changed',
    async (name) => {
      const { store, net, calm } = stores()
      const target = newTarget()
      const write = writesOf(target)[name]
      await write.given(calm)
      const before = await observe(calm, target)
      Object.assign(net, { faults: times(1_000, 'conflict') })
      expect((await refusalOf(() => write.act(store))).code).toBe('AWS_UNREACHABLE')
      expect(await observe(calm, target)).toEqual(before)
      expect(net.writes).toBeLessThan(50)
    },
  )

  it('given a heartbeat in conflict with the take-over of its own lease, when it is repeated, then the lease is lost', async () => {
    const { store, net, calm } = stores()
    const target = newTarget()
    const { heartbeat, takeOver } = writesOf(target)
    await heartbeat.given(calm)
    net.faults.push({ kind: 'conflict', before: () => takeOver.act(calm) })
    expect(await heartbeat.act(store)).toBe('lost')
  })
})

describe('a chain that moves', () => {
  const transitions = ['finishRun', 'acquire', 'attach', 'takeOver', 'park', 'yieldLease', 'release'] as const
  it.each(transitions)(
    'given %s, when others append just before it, five times, then it is tried again and the chain has no gap',
    async (name) => {
      const { store, net, calm } = stores()
      const target = newTarget()
      const { answer } = await undisturbed(name, target)
      const write = writesOf(target)[name]
      await write.given(calm)
      const { seq } = await calm.readChain(target)
      const append = { kind: 'sent', before: () => appendTo(calm, target) } as const
      Object.assign(net, { faults: Array.from({ length: 5 }, () => append) })
      expect(await write.act(store)).toEqual(answer)
      await expectIntact(calm, target)
      expect((await calm.readChain(target)).seq).toBe(seq + 6)
    },
  )

  it('given an acquire, when another run takes the lock just before it, then it is refused with that run', async () => {
    const { store, net, calm } = stores()
    const target = newTarget()
    const [mine, other] = [await startRun(calm, target), await startRun(calm, target)]
    net.faults.push({ kind: 'sent', before: () => leaseFor(calm, other) })
    expect(await store.acquire(claimOf(mine))).toMatchObject({ granted: false, holder: { ownerRun: other.id } })
  })

  it('given an acquire, when the lock is taken and freed again just before it, then it is granted with the next token', async () => {
    const { store, net, calm } = stores()
    const target = newTarget()
    const [mine, other] = [await startRun(calm, target), await startRun(calm, target)]
    const turn = async () => calm.yieldLease(await leaseFor(calm, other), nothingYet, [draftOf(other.id)])
    net.faults.push({ kind: 'sent', before: turn })
    expect(await store.acquire(claimOf(mine))).toMatchObject({ granted: true, lease: { token: 2 } })
    await expectIntact(calm, target)
  })

  it('given an attach, when another run takes the parked lock over just before it, then it is refused with that run', async () => {
    const { store, net, calm } = stores()
    const target = newTarget()
    const [mine, other] = [await startRun(calm, target), await startRun(calm, target)]
    await calm.park(await leaseFor(calm, mine), nothingYet, [])
    net.faults.push({ kind: 'sent', before: () => overtake(calm, other) })
    expect(await store.attach(claimOf(mine))).toMatchObject({ granted: false, holder: { ownerRun: other.id } })
  })

  it('given an attach, when another run takes over and parks just before it, then it is refused with that run', async () => {
    const { store, net, calm } = stores()
    const target = newTarget()
    const [mine, other] = [await startRun(calm, target), await startRun(calm, target)]
    await calm.park(await leaseFor(calm, mine), nothingYet, [])
    net.faults.push({ kind: 'sent', before: async () => calm.park(await overtake(calm, other), nothingYet, []) })
    expect(await store.attach(claimOf(mine))).toMatchObject({
      granted: false,
      holder: { ownerRun: other.id, lockState: 'PARKED' },
    })
  })

  it('given a take-over, when the holder beats just before it, then it is refused with the new revision', async () => {
    const { store, net, calm } = stores()
    const target = newTarget()
    const { heartbeat, takeOver } = writesOf(target)
    await takeOver.given(calm)
    net.faults.push({ kind: 'sent', before: () => heartbeat.act(calm) })
    expect(await takeOver.act(store)).toMatchObject({ granted: false, holder: { revision: 'beat', token: 1 } })
  })

  it('given an acquire, when its run is ended just before it, then the lease is lost and the lock is not taken', async () => {
    const { store, net, calm } = stores()
    const run = await startRun(calm, newTarget())
    const end = () => calm.finishRun(run.target, run.id, endOf({ state: 'EXPIRED' }), [])
    net.faults.push({ kind: 'sent', before: end })
    expect((await refusalOf(() => store.acquire(claimOf(run)))).code).toBe('LEASE_LOST')
    expect(await calm.readLock(run.target)).toBeUndefined()
  })
})

describe('a server out of breath', () => {
  it.each(writeNames)('given %s is throttled, when the server recovers, then it succeeds', async (name) => {
    const { store, net, calm } = stores()
    const target = newTarget()
    const expected = await undisturbed(name, target)
    const write = writesOf(target)[name]
    await write.given(calm)
    Object.assign(net, { faults: times(3, 'throttled') })
    expect(await write.act(store)).toEqual(expected.answer)
    expect(await observe(calm, target)).toEqual(expected.after)
  })

  it.each(writeNames)(
    'given %s is throttled without end, when it gives up, then AWS is unreachable and nothing changed',
    async (name) => {
      const { store, net, calm } = stores()
      const target = newTarget()
      const write = writesOf(target)[name]
      await write.given(calm)
      const before = await observe(calm, target)
      Object.assign(net, { faults: times(1_000, 'throttled') })
      expect(await refusalOf(() => write.act(store))).toMatchObject({
        code: 'AWS_UNREACHABLE',
        cause: expect.any(Error),
      })
      expect(await observe(calm, target)).toEqual(before)
      expect(net.writes).toBeLessThan(10)
    },
  )
})

/** What another projector does: one more event on the chain. */
async function appendTo(store: ControlStore, target: TargetName): Promise<void> {
  const seen = await store.readChain(target)
  const event = { ...eventOf(receiptOf(runId('r-other'), 1)), type: 'run.attached' } as const
  const answer = await store.project({ target, seen, receipts: [], events: [event] })
  if (answer === 'moved') throw new Error('the chain moved under the only projector')
}

/** Takes the lock over from whoever has it, as seen now. */
async function overtake(store: ControlStore, run: NewRun): Promise<Lease> {
  const seen = await store.readLock(run.target)
  if (seen === undefined) throw new Error('no lock')
  const attempt = await store.takeOver({ ...claimOf(run), seen })
  if (!attempt.granted) throw new Error('not granted')
  return attempt.lease
}

async function expectIntact(store: ControlStore, target: TargetName): Promise<void> {
  const { chain, events } = await observe(store, target)
  expect(chain).not.toEqual(emptyChain)
  expect(verifyChain(events, chain)).toMatchObject({ intact: true, last: { seq: chain.seq } })
}

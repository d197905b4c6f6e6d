import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Lease } from '../../functions/domain/records.ts'
import type { ControlStore, NewRun } from '../../functions/engine/control-store.ts'
import { times } from '../support/client-faults.ts'
import {
  claimOf,
  draftOf,
  endOf,
  leaseFor,
  newTarget,
  nothingYet,
  observe,
  startRun,
} from '../support/control-records.ts'
import { makeTables, type TestTables } from '../support/dynamodb.ts'
import { refusalOf } from '../support/refusal.ts'
import { writeNames, writesOf } from './control-store-writes.ts'
import { appendTo, disturbedStores, expectIntact, undisturbed } from './disturbed-stores.ts'

let tables: TestTables
beforeAll(async () => {
  tables = await makeTables()
})
afterAll(() => tables[Symbol.asyncDispose]())

const stores = () => disturbedStores(tables)

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

/** Takes the lock over from whoever has it, as seen now. */
async function overtake(store: ControlStore, run: NewRun): Promise<Lease> {
  const seen = await store.readLock(run.target)
  if (seen === undefined) throw new Error('no lock')
  const attempt = await store.takeOver({ ...claimOf(run), seen })
  if (!attempt.granted) throw new Error('not granted')
  return attempt.lease
}

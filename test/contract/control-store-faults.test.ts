import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { times } from '../support/client-faults.ts'
import { claimOf, endOf, newTarget, observe, startRun } from '../support/control-records.ts'
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

import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import { asLockstepError } from '../../functions/domain/errors.ts'
import type { ControlStore, LeaseAttempt } from '../../functions/engine/control-store.ts'
import { newTarget, observe } from '../support/control-records.ts'
import { makeTables, type TestTables } from '../support/dynamodb.ts'
import { fixtureOn } from '../support/dynamodb-fixture.ts'
import { memoryControl } from '../support/memory-control.ts'
import { virtualClock } from '../support/virtual-clock.ts'
import { type Call, calls, type World } from './control-store-calls.ts'

let tables: TestTables
beforeAll(async () => {
  tables = await makeTables()
})
afterAll(() => tables[Symbol.asyncDispose]())

it('given any calls in any order, when both stores get them, then both answer and know the same, and tokens only grow', async () => {
  const { store: real } = fixtureOn(tables)
  await fc.assert(
    fc.asyncProperty(fc.array(calls, { minLength: 10, maxLength: 60, size: 'max' }), async (sequence) => {
      const model = memoryControl(virtualClock())
      const world: World = { target: newTarget(), leases: [], locks: [], heads: [], claims: [], freezes: [], steps: 0 }
      for (const call of sequence) await step({ model, real, world }, call)
      const known = await observe(model, world.target)
      expect(await observe(real, world.target)).toEqual(known)
      expect(verifyChain(known.events, known.chain)).toMatchObject({ intact: true, last: { seq: known.chain.seq } })
      const tokens = world.leases.map(({ token }) => token)
      expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b))
    }),
    { numRuns: 25 },
  )
})

interface Both {
  readonly model: ControlStore
  readonly real: ControlStore
  readonly world: World
}

/** Gives one call to both stores, compares the answers, and lets the callers learn from them. */
async function step({ model, real, world }: Both, call: Call): Promise<void> {
  world.steps++
  const act = call(world)
  if (act === undefined) return
  const expected = await outcome(act(model))
  expect(await outcome(act(real))).toEqual(expected)
  learnLease(world, expected)
  const lock = await model.readLock(world.target)
  if (lock !== undefined) world.locks.push(lock)
  world.heads.push(await model.readChain(world.target))
}

const outcome = (answer: Promise<unknown>): Promise<unknown> =>
  answer.catch((thrown) => ({ thrown: asLockstepError(thrown).code }))

function learnLease({ leases }: World, answer: unknown): void {
  if (!isAttempt(answer) || !answer.granted) return
  const { lease } = answer
  if (leases.every(({ token }) => token !== lease.token)) leases.push(lease)
}

const isAttempt = (answer: unknown): answer is LeaseAttempt =>
  typeof answer === 'object' && answer !== null && 'granted' in answer

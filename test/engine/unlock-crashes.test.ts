import { describe, expect, test } from 'vitest'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { OperatorPorts } from '../../functions/engine/operator-act.ts'
import type { OperatorWish } from '../../functions/engine/runner-contract.ts'
import type { TargetSession } from '../../functions/engine/target-database.ts'
import { engineWorld, type World } from '../support/engine-world.ts'
import { operate } from '../support/operator-world.ts'

const history = {
  '1_a/migration.sql': 'create table a (id int);',
  '2_b/migration.sql': 'select 1; -- takes: 8000',
}
const more = { ...history, '3_c/migration.sql': 'create table c (id int);' }

/** A world in which a run is parked in mid-history, its step left running in the server. */
async function parkedWorld(): Promise<World> {
  const world = engineWorld()
  expect(await world.advance(await world.push(history), 6_000)).toEqual({ kind: 'more' })
  return world
}

/** A world whose database was restored to before its last run. */
async function restoredWorld(): Promise<World> {
  const world = engineWorld()
  await world.advance(await world.push({ '1_a/migration.sql': history['1_a/migration.sql'] }))
  const before = world.database.snapshot()
  await world.advance(await world.push(history))
  world.database.restore(before)
  return world
}

const cases: readonly (readonly [OperatorWish, () => Promise<World>, string])[] = [
  ['unlock', parkedWorld, 'FREE'],
  ['freeze', parkedWorld, 'FROZEN'],
  ['accept-database', restoredWorld, 'FREE'],
]

describe.each(cases)('%s that dies', (wish, make, end) => {
  test.each(['before', 'after'] as const)(
    'given a crash %s any of its calls, when the same is wished again, then it comes to its end, and nothing is there twice',
    async (when) => {
      const calls = await countCalls(wish, make)
      expect(calls).toBeGreaterThanOrEqual(8)
      for (let at = 1; at <= calls; at++) {
        const world = await make()
        const trap = crashing(world.ports, at, when)
        await operate(world, wish, { ports: trap.ports }).catch(() => undefined)
        world.database.kill(world.database.sessions('shop').filter(({ token }) => token > 1 && !trap.isAlive()))
        const left = await world.control.readLock(world.target)
        if (left?.lockState === 'FREEZING') await expectNothingRuns(world)
        const finished = await operate(world, wish)
        expect([at, finished.lock?.lockState]).toEqual([at, end])
        if (end === 'FROZEN') await operate(world, 'thaw')
        expect([at, await world.advance(await world.push(more))]).toMatchObject([at, { state: 'SUCCEEDED' }])
        const migrations = world.receipts().map(({ migration, outcome }) => `${migration} ${outcome}`)
        expect([at, migrations]).toEqual([at, ['1_a committed', '2_b committed', '3_c committed']])
        const chain = await world.control.readChain(world.target)
        const events = await world.control.readAudit(world.target, 0, 1_000)
        expect(verifyChain(events, chain)).toMatchObject({ intact: true, last: { seq: chain.seq } })
        const ledger = await world.control.readLedger(world.target)
        expect(ledger.map(({ state }) => state)).toEqual(['APPLIED', 'APPLIED', 'APPLIED'])
      }
    },
  )
})

async function expectNothingRuns(world: World): Promise<void> {
  expect(await world.advance(await world.push(more))).toMatchObject({ failure: { code: 'TARGET_FROZEN' } })
}

async function countCalls(wish: OperatorWish, make: () => Promise<World>): Promise<number> {
  const world = await make()
  const trap = crashing(world.ports, Number.POSITIVE_INFINITY, 'before')
  await operate(world, wish, { ports: trap.ports })
  return trap.calls()
}

/** Ports of a process that dies at its nth call, before it or after it took effect; no call of a dead process arrives. */
function crashing(ports: OperatorPorts, dieAt: number, when: 'before' | 'after') {
  let calls = 0
  let isAlive = true
  const dead = () => new LockstepError('INTERNAL', 'the process died')
  const trapped = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(on, name, receiver) {
        const member: unknown = Reflect.get(on, name, receiver)
        if (typeof member !== 'function' || typeof name === 'symbol') return member
        return async (...args: unknown[]) => {
          calls += 1
          if (!isAlive) throw dead()
          if (calls === dieAt) isAlive = false
          if (calls === dieAt && when === 'before') throw dead()
          const answer: unknown = await member.apply(on, args)
          if (calls >= dieAt) throw dead()
          return name === 'connect' ? trapped(answer as TargetSession) : answer
        }
      },
    })
  const died: OperatorPorts = { ...ports, control: trapped(ports.control), database: trapped(ports.database) }
  return { ports: died, calls: () => calls, isAlive: () => isAlive }
}

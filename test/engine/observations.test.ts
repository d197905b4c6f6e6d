import { describe, expect, test } from 'vitest'
import { LockstepError } from '../../functions/domain/errors.ts'
import { advance } from '../../functions/engine/run.ts'
import { engineWorld, type World } from '../support/engine-world.ts'

const history = { '1_a/migration.sql': 'create table a (id int);' }

const valuesOf = (world: World, what: string): readonly number[] =>
  world.observed.filter(([seen]) => seen === what).map(([, value]) => value)

describe('waiting for the lease', () => {
  test('given a free target, when a run gets its first lease, then its wait since it was made is observed once', async () => {
    const world = engineWorld()
    const request = await world.push(history)
    await world.clock.sleep(90_000)
    await world.advance(request)
    expect(valuesOf(world, 'lease-waited')).toEqual([90_000])
  })

  test('given a target that another run holds, when the wait runs out, then it is observed, although no lease was granted', async () => {
    const world = engineWorld()
    const held = await world.push(history)
    const now = world.clock.now()
    const events = [{ type: 'run.started', at: now, run: held.run, actor: 'a', data: {} }] as const
    const claim = { target: world.target, run: held.run, leaseMs: 900_000, at: now, events }
    await world.control.acquire({
      ...claim,
      worker: world.ports.random.workerId(),
      revision: world.ports.random.revision(),
    })
    const answer = await world.advance(await world.push(history), 40_000)
    expect(answer.kind).toBe('held')
    const [waited = 0] = valuesOf(world, 'lease-waited')
    expect(waited).toBeGreaterThan(30_000)
  })
})

test('given a control table that takes no heartbeats, when a step takes long, then each that failed is observed', async () => {
  const world = engineWorld({ leaseMs: 30_000, heartbeatMs: 7_500 })
  let beats = 0
  const heartbeat: typeof world.control.heartbeat = async (lease, beat) => {
    beats += 1
    if (beats > 1) throw new LockstepError('AWS_UNREACHABLE', 'no answer')
    return world.control.heartbeat(lease, beat)
  }
  const control = { ...world.control, heartbeat }
  const request = await world.push({ '1_a/migration.sql': '-- takes: 20000\ncreate table a (id int);' })
  await advance({ ...world.ports, control }, request, { remainingMs: () => 600_000 })
  expect(valuesOf(world, 'heartbeat-failed')).toEqual([1, 1])
})

test('given a runner that was overtaken, when it wants to let go, then being turned away is observed', async () => {
  const world = engineWorld()
  const release: typeof world.control.release = async () => 'lost'
  const control = { ...world.control, release }
  const answer = await advance({ ...world.ports, control }, await world.push(history), { remainingMs: () => 600_000 })
  expect(answer.kind).toBe('held')
  expect(valuesOf(world, 'overtaken')).toEqual([1])
})

test('given a run that ends well, when its observations are read, then nothing failed and nobody was turned away', async () => {
  const world = engineWorld()
  await world.advance(await world.push(history))
  expect(world.observed.map(([what]) => what)).toEqual(['lease-waited'])
})

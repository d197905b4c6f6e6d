import { beforeEach, describe, expect, test } from 'vitest'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { Lease } from '../../functions/domain/records.ts'
import { token } from '../../functions/domain/types.ts'
import { engineWorld, type World } from '../support/engine-world.ts'
import { operate } from '../support/operator-world.ts'
import { commitText } from '../support/step-orders.ts'

const history = { '1_a/migration.sql': 'create table a (id int);' }
const more = { ...history, '2_b/migration.sql': 'create table b (id int);' }

let world: World

beforeEach(() => {
  world = engineWorld()
})

const lock = () => world.control.readLock(world.target)
const migrate = async (texts: Readonly<Record<string, string>> = history) => world.advance(await world.push(texts))

/** A runner that holds the lease and the database, and was last heard of just now. */
async function holdAttached() {
  const { run } = await world.push(history)
  const { random, control, database, clock } = world.ports
  const ids = { worker: random.workerId(), revision: random.revision() }
  const claim = { ...ids, target: world.target, run, leaseMs: 30_000, at: clock.now(), events: [] }
  const attempt = await control.acquire(claim)
  if (!attempt.granted) throw new Error('not granted')
  const { lease } = attempt
  const session = await database.connect(world.settings, lease.token)
  await session.tryLock()
  await session.ensureSchema()
  await session.raiseFence(lease, !lease.attachedOnce)
  const beat = () =>
    control.heartbeat(lease, {
      revision: random.revision(),
      at: clock.now(),
      phase: 'APPLYING',
      backend: session.backend,
      raised: true,
    })
  await beat()
  return { lease, session, beat, settings: world.settings, [Symbol.asyncDispose]: async () => undefined }
}

describe('unlock', () => {
  test('given a silent holder, when unlocked, then its lease is taken, its backend ended, the fence raised, and the audit says why', async () => {
    const holder = await holdAttached()
    const answer = await operate(world, 'unlock')
    expect(answer).toMatchObject({
      changed: true,
      before: { lockState: 'HELD', ownerRun: holder.lease.run, phase: 'APPLYING' },
      lock: { lockState: 'FREE', token: 2, raised: 2 },
      ended: [holder.session.backend],
    })
    expect(world.clock.monotonicMs()).toBeGreaterThanOrEqual(30_000)
    expect(world.database.sessions('shop')).toEqual([])
    expect(world.database.data('shop').fences.get(world.target)?.token).toBe(2)
    const events = (await world.control.readAudit(world.target, 0, 100)).filter(({ type }) => type.startsWith('lock.'))
    expect(events.map(({ type, token: of, actor, data }) => [type, of, actor, data.reason])).toEqual([
      ['lock.freezing', 2, expect.stringMatching(/^ada \(claimed, request request-\d+\)$/), 'incident 7'],
      ['lock.freed', 2, expect.stringContaining('ada'), 'incident 7'],
    ])
    expect(await migrate()).toMatchObject({ state: 'SUCCEEDED' })
  })

  test('given a partitioned holder whose session outlived the unlock, when it commits, then its lease is lost', async () => {
    const holder = await holdAttached()
    const { ports } = world
    const blind = { ...ports, database: { connect: withoutTerminate(world) } }
    await expect(operate(world, 'unlock', { ports: blind, force: true })).rejects.toMatchObject({ code: 'LEASE_HELD' })
    await expect(commitText(holder, 'create table late (id int);')).rejects.toMatchObject({ code: 'LEASE_LOST' })
    expect(await holder.beat()).toBe('lost')
    expect(world.receipts()).toEqual([])
  })

  test('given heartbeats that move, when unlocked, then it is refused, naming the holder, and nothing changed', async () => {
    const holder = await holdAttached()
    const before = await lock()
    const unlocking = operate(world, 'unlock')
    const refused = expect(unlocking).rejects.toMatchObject({
      code: 'LEASE_HELD',
      message: expect.stringContaining(`is held by run ${holder.lease.run}`),
      details: { hint: expect.stringContaining('--force') },
    })
    await world.clock.sleep(20_000)
    await holder.beat()
    await refused
    expect(await lock()).toMatchObject({ lockState: 'HELD', token: before?.token, worker: before?.worker })
    expect(await world.auditTypes()).toEqual([])
  })

  test('given heartbeats that move, when unlocked by force, then the lease is taken at once', async () => {
    const holder = await holdAttached()
    expect(await operate(world, 'unlock', { force: true })).toMatchObject({ lock: { lockState: 'FREE' } })
    expect(world.clock.monotonicMs()).toBeLessThan(1_000)
    expect(await holder.beat()).toBe('lost')
  })

  test('given a holder that lets go while it is watched, when unlocked, then there is nothing to take', async () => {
    const running = world.advance(await world.push({ '1_a/migration.sql': 'select 1; -- takes: 3000' }))
    await world.clock.sleep(1_000)
    await expect(operate(world, 'unlock', { budgetMs: 3_000 })).rejects.toMatchObject({ code: 'LEASE_HELD' })
    expect(await running).toMatchObject({ state: 'SUCCEEDED' })
    expect(await operate(world, 'unlock')).toMatchObject({ changed: false, lock: { lockState: 'FREE', token: 1 } })
  })

  test('given the same pid with another start, when unlocked, then that backend is left alone', async () => {
    const holder = await holdAttached()
    const records = world.control.records(world.target)
    if (records.lock === undefined) throw new Error('no lock')
    records.lock = { ...records.lock, backend: { ...holder.session.backend, startedAt: 'another time' } }
    world.database.kill(world.database.sessions('shop'))
    const other = await world.database.connect({ ...world.settings, target: 'other' as typeof world.target }, token(1))
    expect(await operate(world, 'unlock')).toMatchObject({ ended: [] })
    expect(world.database.sessions('shop').map(({ pid }) => pid)).toEqual([other.backend.pid])
  })

  test('given a run that was alive after all, when its lease was taken, then it says held and its message goes on later', async () => {
    const request = await world.push({ ...history, '2_b/migration.sql': 'select 1; -- takes: 20000' })
    const running = world.advance(request)
    await world.clock.sleep(5_000)
    await operate(world, 'unlock', { force: true })
    expect(await running).toMatchObject({ kind: 'held' })
    expect(await world.control.readRun(world.target, request.run)).toMatchObject({ state: 'RUNNING' })
    expect(await world.advance(request)).toMatchObject({ state: 'SUCCEEDED' })
    expect(world.receipts().map(({ migration }) => migration)).toEqual(['1_a', '2_b'])
  })

  test('given a target that nobody declared, when unlocked, then it is unknown', async () => {
    await expect(operate(engineWorld(), 'unlock', { target: 'nowhere' as typeof world.target })).rejects.toMatchObject({
      code: 'TARGET_UNKNOWN',
    })
  })

  test('given a lease that never reached its database, when unlocked, then a late first attach finds the fence higher', async () => {
    const { run } = await world.push(history)
    const { random, control, clock, database } = world.ports
    const claim = { target: world.target, run, leaseMs: 30_000, at: clock.now(), events: [] }
    const attempt = await control.acquire({ ...claim, worker: random.workerId(), revision: random.revision() })
    const lease: Lease | undefined = attempt.granted ? attempt.lease : undefined
    if (lease === undefined) throw new Error('not granted')
    await operate(world, 'unlock')
    await using late = await database.connect(world.settings, lease.token)
    expect(await late.raiseFence(lease, true)).toEqual({ kind: 'higher', token: 2 })
  })
})

describe('freeze and thaw', () => {
  test('given a free target, when frozen, then runs are refused and told why, until it is thawed', async () => {
    await migrate()
    expect(await operate(world, 'freeze')).toMatchObject({ changed: true, lock: { lockState: 'FROZEN', token: 2 } })
    expect(await migrate(more)).toMatchObject({
      state: 'REFUSED',
      failure: { code: 'TARGET_FROZEN', message: expect.stringContaining('incident 7') },
    })
    expect(await operate(world, 'freeze')).toMatchObject({ changed: false })
    await expect(operate(world, 'unlock')).rejects.toMatchObject({ code: 'TARGET_FROZEN' })
    expect(await operate(world, 'thaw')).toMatchObject({ changed: true, lock: { lockState: 'FREE', token: 2 } })
    expect(await operate(world, 'thaw')).toMatchObject({ changed: false })
    expect(await migrate(more)).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
    const types = (await world.auditTypes()).filter((type) => type.startsWith('lock.'))
    expect(types).toEqual(['lock.freezing', 'lock.frozen', 'lock.thawed'])
  })

  test('given a target that never ran, when frozen, then it is frozen before its first run', async () => {
    expect(await operate(world, 'freeze')).toMatchObject({ before: null, lock: { lockState: 'FROZEN', token: 1 } })
    expect(await migrate()).toMatchObject({ failure: { code: 'TARGET_FROZEN' } })
  })

  test('given a database that does not answer, when frozen, then it is FREEZING and not frozen, and the same again finishes', async () => {
    await migrate()
    const unreachable = {
      connect: async () => {
        throw new LockstepError('TARGET_UNREACHABLE', 'no route to host')
      },
    }
    const frozen = operate(world, 'freeze', { ports: { ...world.ports, database: unreachable } })
    await expect(frozen).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: 'shop stays FREEZING: no route to host',
      details: { hint: expect.stringContaining('run the same command again') },
    })
    expect(await lock()).toMatchObject({ lockState: 'FREEZING', token: 2 })
    expect(await migrate(more)).toMatchObject({ failure: { code: 'TARGET_FROZEN' } })
    expect(await operate(world, 'freeze')).toMatchObject({ lock: { lockState: 'FROZEN', token: 3 } })
    expect(verifyChain(await world.control.readAudit(world.target, 0, 100))).toMatchObject({ intact: true })
  })
})

describe('a database that is another one', () => {
  test('given a restored database, when unlocked, then the drift is told before the fence would hide it', async () => {
    await migrate()
    const before = world.database.snapshot()
    await migrate()
    await migrate()
    world.database.restore(before)
    for (let round = 0; round < 2; round++)
      await expect(operate(world, 'freeze')).rejects.toMatchObject({
        code: 'DRIFT',
        details: { hint: expect.stringContaining('--accept-database') },
      })
    expect(world.database.data('shop').fences.get(world.target)?.token).toBe(1)
  })
})

/** A way to the database that ends no backend. */
function withoutTerminate(of: World): World['database']['connect'] {
  return async (settings, ours) => {
    const session = await of.database.connect(settings, ours)
    return { ...session, terminate: async () => false }
  }
}

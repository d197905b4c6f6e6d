import { beforeEach, describe, expect, test } from 'vitest'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import { runId, token, workerId } from '../../functions/domain/types.ts'
import { advance } from '../../functions/engine/run.ts'
import { engineWorld, type World } from '../support/engine-world.ts'

const history = {
  '1_a/migration.sql': 'create table a (id int);',
  '2_b/migration.sql': 'create table b (id int);',
  '3_c/migration.sql': 'create table c (id int);',
}

let world: World

beforeEach(() => {
  world = engineWorld()
})

const applied = () => world.receipts().map(({ migration, outcome }) => `${migration} ${outcome}`)
const ledger = async () =>
  (await world.control.readLedger(world.target)).map(({ migration, state }) => `${migration} ${state}`)
const lockState = async () => (await world.control.readLock(world.target))?.lockState
const runOf = (request: { run: ReturnType<typeof runId> }) => world.control.readRun(world.target, request.run)

describe('a run that ends well', () => {
  test('given a fresh target, when a run is advanced, then all is applied in order, recorded everywhere, and the lease is free', async () => {
    const request = await world.push(history)
    expect(await world.advance(request)).toEqual({ kind: 'done', state: 'SUCCEEDED', applied: 3 })
    expect(applied()).toEqual(['1_a committed', '2_b committed', '3_c committed'])
    expect(world.receipts().map(({ key }) => key)).toEqual([1, 2, 3].map((n) => ({ token: 1, n })))
    expect(await ledger()).toEqual(['1_a APPLIED', '2_b APPLIED', '3_c APPLIED'])
    expect(await lockState()).toBe('FREE')
    expect(await world.auditTypes()).toEqual([
      'run.started',
      'run.attached',
      ...Array(3).fill('migration.applied'),
      'run.finished',
    ])
    expect(verifyChain(await world.control.readAudit(world.target, 0, 100))).toMatchObject({ intact: true })
    expect(world.database.sessions('shop')).toEqual([])
  })

  test('given everything applied, when pushed again, then nothing runs, and lease and release are all that is told', async () => {
    await world.advance(await world.push(history))
    const before = (await world.auditTypes()).length
    expect(await world.advance(await world.push(history))).toMatchObject({ state: 'SUCCEEDED', applied: 0 })
    expect((await world.auditTypes()).slice(before)).toEqual(['run.started', 'run.finished'])
  })

  test('given a run that is over, when it is advanced again, then it answers as it ended and takes no lease', async () => {
    const request = await world.push(history)
    await world.advance(request)
    expect(await world.advance(request)).toEqual({ kind: 'done', state: 'SUCCEEDED', applied: 3 })
    expect((await world.control.readLock(world.target))?.token).toBe(1)
    expect(world.receipts()).toHaveLength(3)
    expect((await runOf(request))?.state).toBe('SUCCEEDED')
  })

  test('given a receipt that the ledger missed, when the next run comes, then it is projected first', async () => {
    await world.advance(await world.push({ '1_a/migration.sql': history['1_a/migration.sql'] }))
    const before = world.control.snapshot()
    await world.advance(await world.push(history))
    const audit = await world.auditTypes()
    world.control.restore(before)
    // The control table lost a run whose receipts stand in the database, but its lock must not be behind the fence.
    const records = world.control.records(world.target)
    if (records.lock !== undefined) records.lock = { ...records.lock, token: token(2) }
    await world.advance(await world.push(history))
    expect(await ledger()).toEqual(['1_a APPLIED', '2_b APPLIED', '3_c APPLIED'])
    expect(audit.filter((type) => type === 'migration.applied')).toHaveLength(3)
    expect((await world.auditTypes()).filter((type) => type === 'migration.applied')).toHaveLength(3)
  })
})

describe('a run that fails or is refused', () => {
  test('given a failing migration, when advanced, then it stops there with a failed receipt, and the correction goes on', async () => {
    const broken = { ...history, '2_b/migration.sql': 'select 1; -- fails: 42P01' }
    const request = await world.push(broken)
    expect(await world.advance(request)).toMatchObject({ kind: 'done', state: 'FAILED', applied: 1 })
    expect(applied()).toEqual(['1_a committed', '2_b failed'])
    expect(await ledger()).toEqual(['1_a APPLIED', '2_b FAILED'])
    expect(await runOf(request)).toMatchObject({
      state: 'FAILED',
      failure: { code: 'MIGRATION_FAILED', sqlState: '42P01' },
    })
    expect(await lockState()).toBe('FREE')
    expect(await world.advance(await world.push(history))).toMatchObject({ state: 'SUCCEEDED', applied: 2 })
    expect(await ledger()).toEqual(['1_a APPLIED', '2_b APPLIED', '3_c APPLIED'])
  })

  test('given a lock timeout that passes, when advanced, then the step is tried again and committed once', async () => {
    const waiting = { ...history, '2_b/migration.sql': 'select 1; -- lock_timeout: 2' }
    expect(await world.advance(await world.push(waiting))).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
    expect(world.receipts()[1]).toMatchObject({ migration: '2_b', attempt: 3, outcome: 'committed' })
  })

  test('given a lock timeout that does not pass, when advanced, then the tries are bounded', async () => {
    const waiting = { ...history, '2_b/migration.sql': 'select 1; -- lock_timeout: 99' }
    expect(await world.advance(await world.push(waiting))).toMatchObject({ state: 'FAILED', applied: 1 })
    expect(world.receipts()[1]).toMatchObject({ outcome: 'failed', attempt: world.settings.policy.stepAttempts })
  })

  test('given a file with a syntax error, when advanced, then not even the migrations before it run', async () => {
    const request = await world.push({ ...history, '3_c/migration.sql': 'creat table c ();' })
    expect(await world.advance(request)).toMatchObject({ state: 'REFUSED', failure: { code: 'SQL_SYNTAX' } })
    expect(world.receipts()).toEqual([])
    expect(await lockState()).toBe('FREE')
  })

  test('given an object that is gone, when advanced, then the run is refused without a lease', async () => {
    const request = await world.push(history)
    await world.removeObject(request)
    expect(await world.advance(request)).toMatchObject({ state: 'REFUSED', failure: { code: 'OBJECT_GONE' } })
    expect(await lockState()).toBeUndefined()
    expect(await world.auditTypes()).toEqual(['run.finished'])
  })

  test('given a target without settings, when advanced, then the run is refused', async () => {
    const request = await world.push(history)
    delete world.control.records(world.target).settings
    expect(await world.advance(request)).toMatchObject({ state: 'REFUSED', failure: { code: 'TARGET_UNKNOWN' } })
  })

  test('given a target that demands a manifest, when a plain zip is advanced, then the run is refused', async () => {
    const strict = engineWorld({ policy: { ...world.settings.policy, requireManifest: true } })
    const request = await strict.push(history)
    const plain = {
      ...strict.ports,
      openBundle: async (...args: Parameters<typeof strict.ports.openBundle>) => {
        const { manifest: _, ...rest } = await strict.ports.openBundle(...args)
        return rest
      },
    }
    expect(await advance(plain, request, { remainingMs: () => 60_000 })).toMatchObject({
      state: 'REFUSED',
      failure: { code: 'MANIFEST_REQUIRED' },
    })
  })
})

describe('infrastructure faults', () => {
  test('given a connection that breaks before a commit, when advanced, then the run lets go, and the next slice does the step', async () => {
    const request = await world.push(history)
    world.database.breakNextCommit('shop', 'before')
    expect((await world.advance(request)).kind).toBe('unreachable')
    expect(await lockState()).toBe('FREE')
    expect(await world.advance(request)).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
    expect(applied()).toEqual(['1_a committed', '2_b committed', '3_c committed'])
  })

  test('given a commit whose answer is lost, when advanced again, then the receipt tells and the step is not run twice', async () => {
    const request = await world.push(history)
    world.database.breakNextCommit('shop', 'after')
    expect((await world.advance(request)).kind).toBe('unreachable')
    expect(await world.advance(request)).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
    expect(applied()).toEqual(['1_a committed', '2_b committed', '3_c committed'])
    expect((await world.auditTypes()).filter((type) => type === 'migration.applied')).toHaveLength(3)
  })

  test('given faults without end, when advanced again and again, then the run FAILED as unreachable after ten', async () => {
    const request = await world.push(history)
    for (let fault = 1; fault < 10; fault++) {
      world.database.breakNextCommit('shop', 'before')
      expect((await world.advance(request)).kind).toBe('unreachable')
      await world.clock.sleep(5_000)
    }
    world.database.breakNextCommit('shop', 'before')
    expect(await world.advance(request)).toMatchObject({ state: 'FAILED', failure: { code: 'TARGET_UNREACHABLE' } })
    expect(await lockState()).toBe('FREE')
    expect(world.receipts()).toEqual([])
  })
})

describe('the lease', () => {
  const otherRun = runId('r-other')
  const hold = async () => {
    const at = world.clock.now()
    const object = { bucket: 'b', key: 'k', etag: 'e' }
    const actor = { kind: 'claimed', name: 'other', requestId: '1' } as const
    await world.control.countStart({
      id: otherRun,
      target: world.target,
      direction: 'up',
      work: { kind: 'bundle', object },
      actor,
      createdAt: at,
    })
    const claim = { target: world.target, run: otherRun, worker: workerId('w'), leaseMs: 30_000, at, events: [] }
    const attempt = await world.control.acquire({ ...claim, revision: world.ports.random.revision() })
    if (!attempt.granted) throw new Error('expected the lease')
    return attempt.lease
  }

  test('given a holder that shows no life, when a run waits for a lease, then it takes over with a higher token', async () => {
    await hold()
    const request = await world.push(history)
    expect(await world.advance(request)).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
    expect(await world.auditTypes()).toContain('run.took-over')
    expect(world.receipts()[0]?.key.token).toBe(2)
    expect(world.clock.monotonicMs()).toBeGreaterThanOrEqual(30_000)
  })

  test('given a holder that beats, when a run waits, then it answers who holds the lease and runs nothing', async () => {
    const lease = await hold()
    const request = await world.push(history)
    let beating = true
    const beats = (async () => {
      while (beating) {
        await world.clock.sleep(7_500)
        const beat = {
          revision: world.ports.random.revision(),
          at: world.clock.now(),
          phase: 'APPLYING',
          raised: false,
        }
        await world.control.heartbeat(lease, beat)
      }
    })()
    const answer = await world.advance(request)
    beating = false
    await beats
    expect(answer).toMatchObject({ kind: 'held', holder: { ownerRun: otherRun, phase: 'APPLYING' } })
    expect(world.clock.monotonicMs()).toBeLessThan(60_000)
    expect(world.receipts()).toEqual([])
  })

  test('given a run that is overtaken in mid-run, when its heartbeat is refused, then its step is cancelled and nothing of it shows', async () => {
    const slow = Object.fromEntries(Object.keys(history).map((path) => [path, 'select 1; -- takes: 20000']))
    const running = world.advance(await world.push(slow))
    await world.clock.sleep(10_000)
    const lock = await world.control.readLock(world.target)
    if (lock === undefined) throw new Error('expected a lock')
    const at = world.clock.now()
    const object = { bucket: 'b', key: 'k', etag: 'e' }
    const actor = { kind: 'claimed', name: 'other', requestId: '1' } as const
    await world.control.countStart({
      id: otherRun,
      target: world.target,
      direction: 'up',
      work: { kind: 'bundle', object },
      actor,
      createdAt: at,
    })
    const ids = { worker: workerId('w'), revision: world.ports.random.revision() }
    const claim = { ...ids, target: world.target, run: otherRun, leaseMs: 30_000, at, events: [] }
    expect((await world.control.takeOver({ ...claim, seen: lock })).granted).toBe(true)
    expect(await running).toMatchObject({ kind: 'held', holder: { ownerRun: otherRun } })
    expect(applied()).toEqual([])
  })

  test('given a paused holder whose session its successor ended, when it wakes up, then it has lost its lease and counts no fault', async () => {
    const slow = Object.fromEntries(Object.keys(history).map((path) => [path, 'select 1; -- takes: 5000']))
    const request = await world.push(slow)
    const running = world.advance(request)
    await world.clock.sleep(1_000)
    const records = world.control.records(world.target)
    if (records.lock !== undefined) records.lock = { ...records.lock, token: token(9), worker: workerId('successor') }
    world.database.kill(world.database.sessions('shop'))
    expect((await running).kind).toBe('held')
    expect(await runOf(request)).toMatchObject({ faults: 0 })
    expect(applied()).toEqual([])
  })

  test('given clocks that are ten minutes apart, when a run waits, then it still takes over only after a whole lease', async () => {
    await hold()
    world.clock.skew(600_000)
    await world.advance(await world.push(history))
    expect(world.clock.monotonicMs()).toBeGreaterThanOrEqual(30_000)
  })

  test('given a frozen target, when advanced, then the run is refused at once', async () => {
    await hold()
    const records = world.control.records(world.target)
    if (records.lock !== undefined) records.lock = { ...records.lock, lockState: 'FROZEN' }
    expect(await world.advance(await world.push(history))).toMatchObject({
      state: 'REFUSED',
      failure: { code: 'TARGET_FROZEN' },
    })
    expect(world.clock.monotonicMs()).toBe(0)
  })

  test('given a slice that is too short for the whole, when advanced, then it parks, and the next slice goes on', async () => {
    const slow = Object.fromEntries(Object.keys(history).map((path) => [path, 'select 1; -- takes: 3000']))
    const request = await world.push(slow)
    expect(await world.advance(request, 7_000)).toEqual({ kind: 'more' })
    expect(await lockState()).toBe('PARKED')
    expect(world.receipts()).toHaveLength(1)
    expect(await runOf(request)).toMatchObject({
      state: 'PARKED',
      applied: 1,
      detached: { migration: '2_b', times: 1 },
    })
    expect(await world.advance(request, 7_000)).toMatchObject({ kind: 'done', state: 'SUCCEEDED', applied: 3 })
    expect(await world.auditTypes()).toEqual(expect.arrayContaining(['run.parked', 'run.resumed']))
    expect(applied()).toEqual(['1_a committed', '2_b committed', '3_c committed'])
  })
})

test('given another run refused while this one works, when the chain moves, then no receipt is missed or told twice', async () => {
  const slow = Object.fromEntries(Object.keys(history).map((path) => [path, 'select 1; -- takes: 2000']))
  const request = await world.push(slow)
  const refusals = []
  for (let count = 0; count < 5; count++) refusals.push(await world.push({ 'README.sql.txt': `${count}` }))
  const running = world.advance(request)
  for (const refusal of refusals) {
    await world.clock.sleep(1_100)
    expect(await world.advance(refusal)).toMatchObject({ state: 'REFUSED' })
  }
  expect(await running).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
  expect((await world.auditTypes()).filter((type) => type === 'migration.applied')).toHaveLength(3)
  expect(verifyChain(await world.control.readAudit(world.target, 0, 100))).toMatchObject({ intact: true })
})

describe('databases that are not what the lock knows', () => {
  test('given a database restored to before the last run, when advanced, then it is drift and nothing runs', async () => {
    await world.advance(await world.push({ '1_a/migration.sql': history['1_a/migration.sql'] }))
    const before = world.database.snapshot()
    await world.advance(await world.push(history))
    world.database.restore(before)
    const more = { ...history, '4_d/migration.sql': 'create table d (id int);' }
    expect(await world.advance(await world.push(more))).toMatchObject({ state: 'REFUSED', failure: { code: 'DRIFT' } })
    expect(applied()).toEqual(['1_a committed'])
  })

  test('given a database that lost only its newest receipt, when advanced, then it is drift', async () => {
    await world.advance(await world.push(history))
    world.database.data('shop').receipts.pop()
    expect(await world.advance(await world.push(history))).toMatchObject({
      state: 'REFUSED',
      failure: { code: 'DRIFT' },
    })
  })

  test('given a restore that lost only a raise of the fence, when advanced, then it is drift', async () => {
    await world.advance(await world.push(history))
    const before = world.database.snapshot()
    await world.advance(await world.push(history))
    world.database.restore(before)
    expect(await world.advance(await world.push(history))).toMatchObject({
      state: 'REFUSED',
      failure: { code: 'DRIFT' },
    })
  })

  test('given an emptied control table, when advanced, then the fence tells and nothing runs', async () => {
    await world.advance(await world.push(history))
    await world.advance(await world.push(history))
    const { settings } = world.control.records(world.target)
    world.control.restore(new Map())
    if (settings !== undefined) world.control.records(world.target).settings = settings
    const request = await world.push({ ...history, '4_d/migration.sql': 'create table d (id int);' })
    expect(await world.advance(request)).toMatchObject({ state: 'REFUSED', failure: { code: 'FENCE_REGRESSION' } })
    expect(world.receipts()).toHaveLength(3)
  })
})

describe('steps of several units', () => {
  const units =
    '-- lockstep:transaction=none\ncreate index concurrently i on a (id);\ncreate index concurrently j on a (id);'

  test('given a migration of units, when advanced, then it has one receipt and no progress is left', async () => {
    const request = await world.push({ ...history, '2_b/migration.sql': units })
    expect(await world.advance(request)).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
    expect(applied()).toEqual(['1_a committed', '2_b committed', '3_c committed'])
    expect(world.database.data('shop').progress).toEqual([])
  })

  test('given a unit that fails, when its file is corrected from there on, then the finished unit is not run again', async () => {
    const broken = units.replace('j on a (id);', 'j on a (id) -- fails: 23505\n;')
    expect(await world.advance(await world.push({ '1_a/migration.sql': broken }))).toMatchObject({ state: 'FAILED' })
    expect(world.database.data('shop').progress).toHaveLength(1)
    expect(await world.advance(await world.push({ '1_a/migration.sql': units }))).toMatchObject({ state: 'SUCCEEDED' })
    expect(applied()).toEqual(['1_a failed', '1_a committed'])
  })

  test('given a unit that ran but whose record met a lock, when tried again, then only the record is', async () => {
    const { connect } = world.ports.database
    let locked = true
    const database = {
      connect: async (...args: Parameters<typeof connect>) => {
        const session = await connect(...args)
        const closeUnit: typeof session.closeUnit = async (...order) => {
          if (!locked) return session.closeUnit(...order)
          locked = false
          throw new LockstepError('MIGRATION_FAILED', 'canceled due to lock timeout', { sqlState: '55P03' })
        }
        return { ...session, closeUnit }
      },
    }
    const request = await world.push({ '1_a/migration.sql': units })
    const endless = { remainingMs: () => 60_000 }
    expect(await advance({ ...world.ports, database }, request, endless)).toMatchObject({ state: 'SUCCEEDED' })
    expect(locked).toBe(false)
    expect(world.database.data('shop').ran.filter(({ sql }) => sql.includes('concurrently i '))).toHaveLength(1)
  })

  test('given a unit that is tried again, when advanced, then the units before it are not', async () => {
    const retried = [
      '-- lockstep:transaction=none',
      'create index concurrently i on a (id) -- takes: 1000',
      ';',
      'create index concurrently j on a (id) -- lock_timeout: 2',
      ';',
    ].join('\n')
    expect(await world.advance(await world.push({ '1_a/migration.sql': retried }))).toMatchObject({
      state: 'SUCCEEDED',
    })
    expect(world.clock.monotonicMs()).toBeGreaterThanOrEqual(1_000)
    expect(world.clock.monotonicMs()).toBeLessThan(2_000)
  })
})

describe('steps that are longer than a slice', () => {
  const advanceUntilDone = async (request: Awaited<ReturnType<World['push']>>, budgetMs: number) => {
    for (let slices = 1; slices <= 50; slices++) {
      const answer = await world.advance(request, budgetMs)
      if (answer.kind === 'done') return { slices, answer }
      expect(answer.kind).toBe('more')
    }
    throw new Error('never done')
  }

  test('given a transaction of five slices, when advanced, then it is left, waited for, and committed once', async () => {
    const request = await world.push({ ...history, '2_b/migration.sql': 'select 1; -- takes: 25000' })
    const { slices, answer } = await advanceUntilDone(request, 6_000)
    expect(answer).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
    expect(slices).toBeGreaterThanOrEqual(5)
    expect(applied()).toEqual(['1_a committed', '2_b committed', '3_c committed'])
    expect(world.database.data('shop').ran.filter(({ sql }) => sql.includes('25000'))).toHaveLength(1)
    expect((await world.auditTypes()).filter((type) => type === 'migration.applied')).toHaveLength(3)
  })

  test('given an index build of five slices, when advanced, then it is never started again and has one receipt', async () => {
    const build = 'create index concurrently i on a (id) -- takes: 25000\n;'
    const { answer } = await advanceUntilDone(await world.push({ ...history, '2_b/migration.sql': build }), 6_000)
    expect(answer).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
    expect(applied()).toEqual(['1_a committed', '2_b committed', '3_c committed'])
    expect(world.database.data('shop').ran.filter(({ sql }) => sql.includes('25000'))).toHaveLength(1)
    expect(world.database.data('shop').progress).toEqual([])
  })

  test('given a history that needs a minute in slices of five seconds, when advanced, then all is applied once', async () => {
    const slow = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [`${index + 10}_m/migration.sql`, 'select 1; -- takes: 2000']),
    )
    const { slices, answer } = await advanceUntilDone(await world.push(slow), 5_000)
    expect(answer).toMatchObject({ state: 'SUCCEEDED', applied: 30 })
    expect(slices).toBeGreaterThanOrEqual(12)
    expect(new Set(applied()).size).toBe(30)
  })

  test('given a step that the server rolls back each time it is left, when advanced, then it FAILED as too long', async () => {
    const request = await world.push({ ...history, '2_b/migration.sql': 'select 1; -- takes: 8000' })
    const slice = async () => {
      const answer = await world.advance(request, 6_000)
      world.database.kill(world.database.sessions('shop'))
      return answer
    }
    expect([await slice(), await slice()]).toEqual([{ kind: 'more' }, { kind: 'more' }])
    expect(await slice()).toMatchObject({ state: 'FAILED', failure: { code: 'STEP_TOO_LONG', migration: '2_b' } })
    expect(applied()).toEqual(['1_a committed', '2_b failed'])
  })

  test('given attempts that fail and pass, when advanced, then each is told in the audit stream', async () => {
    await world.advance(await world.push({ '1_a/migration.sql': 'select 1; -- lock_timeout: 3' }))
    const retried = (await world.control.readAudit(world.target, 0, 100)).filter(
      ({ type }) => type === 'migration.retried',
    )
    expect(retried.map(({ data }) => [data.attempt, data.sqlState])).toEqual([1, 2, 3].map((n) => [n, '55P03']))
  })
})

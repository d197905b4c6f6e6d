import { describe, expect, test } from 'vitest'
import { postgresDatabase } from '../../functions/adapters/postgres-database.ts'
import { eventually } from '../support/eventually.ts'
import { closedGate } from '../support/gate.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { realTarget } from '../support/real-target.ts'
import {
  type AttachedTarget,
  attachTarget,
  commitText,
  leaseOf,
  orderOf,
  sourceOf,
  unjudgedSource,
} from '../support/step-orders.ts'
import { type Passage, startProxy, through } from '../support/tcp-proxy.ts'

const commitUnjudged = async (target: AttachedTarget, sql: string) =>
  target.session.commitStep(await orderOf(target, unjudgedSource(sql)))

describe('a client that vanishes', () => {
  test('given a step that runs, when the session leaves, then the step runs to its end and its receipt is there', async () => {
    await using database = await createDatabase()
    const { settings } = database
    const leaver = await attachTarget(postgresDatabase(), settings, leaseOf(settings.target, 1))
    await using gate = await closedGate(database.superuserUrl)
    const left = commitUnjudged(leaver, `create table a (id int); ${gate.sql}`).catch((error) => error.code)
    await gate.reached()
    await leaver[Symbol.asyncDispose]()
    expect(await left).toBe('TARGET_UNREACHABLE')
    await gate.open()
    await using next = await postgresDatabase().connect(settings, leaver.lease.token)
    await eventually(async () => (await next.tryLock()).granted)
    expect(await next.raiseFence(leaseOf(settings.target, 2), false)).toEqual({ kind: 'raised', from: 1 })
    expect((await next.readState()).head).toEqual({ token: 1, n: 1 })
  })

  test('given a step that runs, when its backend is ended, then nothing of it is left and the outcome is unknown', async () => {
    await using target = await realTarget()
    await using gate = await closedGate(target.database.superuserUrl)
    const outcome = commitUnjudged(target, `create table a (id int); ${gate.sql}`).catch((error) => error.code)
    await gate.reached()
    await target.ask(`select pg_terminate_backend(${target.session.backend.pid}, 5000)`)
    expect(await outcome).toBe('TARGET_UNREACHABLE')
    await using next = await attachTarget(postgresDatabase(), target.settings, leaseOf(target.lease.target, 2))
    expect((await next.session.readState()).head).toBeNull()
    expect(await target.ask(`select to_regclass('a') as a`)).toEqual([{ a: null }])
  })
})

describe('a connection that breaks around COMMIT', () => {
  /** Attaches through a proxy that cuts the connection at the second COMMIT: the first is the attaching’s. */
  const breaking = async (database: TestDatabase, at: 'before the answer' | 'after it') => {
    let isArmed = false
    const passage = (chunk: Buffer): Passage => {
      const found = isArmed ? chunk.indexOf('COMMIT\0') : -1
      if (found < 0) return { pass: chunk }
      return { pass: chunk.subarray(0, at === 'before the answer' ? 0 : found + 'COMMIT\0'.length), cut: true }
    }
    const proxy = await startProxy(database.settings.connection, passage)
    const { settings } = database
    const attached = await attachTarget(postgresDatabase(), through(proxy, settings), leaseOf(settings.target, 1))
    isArmed = true
    return { proxy, attached }
  }
  const stateAfter = async (database: TestDatabase, { lease }: AttachedTarget) => {
    await using session = await postgresDatabase().connect(database.settings, lease.token)
    return await session.readState()
  }

  test('given an answer to COMMIT that is lost, when the step returns, then its outcome is unknown and its receipt is there', async () => {
    await using database = await createDatabase()
    const { proxy, attached } = await breaking(database, 'before the answer')
    await using _ = proxy
    await expect(commitText(attached, 'create table a (id int)')).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' })
    await attached[Symbol.asyncDispose]()
    expect((await stateAfter(database, attached)).head).toEqual({ token: 1, n: 1 })
  })

  test('given an answer to COMMIT that came, when the connection breaks after it, then the step is committed', async () => {
    await using database = await createDatabase()
    const { proxy, attached } = await breaking(database, 'after it')
    await using _ = proxy
    const receipt = await commitText(attached, 'create table a (id int)')
    await attached[Symbol.asyncDispose]()
    expect((await stateAfter(database, attached)).head).toEqual(receipt.key)
  })

  test('given a network that swallows everything, when the session is disposed, then it ends all the same, and soon', async () => {
    await using database = await createDatabase()
    await using proxy = await startProxy(database.settings.connection)
    const settings = through(proxy, database.settings)
    const attached = await attachTarget(postgresDatabase(), settings, leaseOf(settings.target, 1))
    proxy.freeze()
    const reading = attached.session.readState().catch((error) => error.code)
    const startedMs = performance.now()
    await attached[Symbol.asyncDispose]()
    expect(performance.now() - startedMs).toBeLessThan(5_000)
    expect(await reading).toBe('TARGET_UNREACHABLE')
    await expect(orderOf(attached, sourceOf('select 1'))).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' })
  })

  test('given a network that swallows everything and nothing asked, when the session is disposed, then it ends soon', async () => {
    await using database = await createDatabase()
    await using proxy = await startProxy(database.settings.connection)
    const session = await postgresDatabase().connect(
      through(proxy, database.settings),
      leaseOf(database.settings.target, 1).token,
    )
    proxy.freeze()
    const startedMs = performance.now()
    await session[Symbol.asyncDispose]()
    expect(performance.now() - startedMs).toBeLessThan(5_000)
  })
})

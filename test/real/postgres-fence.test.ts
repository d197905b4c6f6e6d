import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { prismaKey, schemaKey } from '../../functions/adapters/advisory-keys.ts'
import { postgresDatabase } from '../../functions/adapters/postgres-database.ts'
import { token } from '../../functions/domain/types.ts'
import { eventually } from '../support/eventually.ts'
import { closedGate } from '../support/gate.ts'
import { createDatabase, type TestDatabase, withClient } from '../support/postgres.ts'
import { realTarget } from '../support/real-target.ts'
import { attachTarget, commitText, leaseOf, orderOf, sourceOf, unjudgedSource } from '../support/step-orders.ts'
import { virtualClock } from '../support/virtual-clock.ts'

const openClient = async (url: string) => {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}

const asRole = (database: TestDatabase, sql: string): Promise<string> =>
  withClient(database.url, async (client) => {
    await client.query(`set role ${database.settings.applicationRole}`)
    return await client.query(sql).then(
      () => 'done',
      (error) => error.code,
    )
  })

const withoutSchema = ({ superuserUrl }: TestDatabase) =>
  withClient(superuserUrl, (client) => client.query('drop schema lockstep'))

const waitsForFence = `
  select from pg_stat_activity
  where query like '%lockstep.raise_fence(%' and wait_event_type = 'Lock' and datname = current_database()`

describe('raising the fence', () => {
  test('given an open transaction of an older worker, when it is raised, then it waits for its commit and sees it', async () => {
    await using older = await realTarget()
    await using newer = await postgresDatabase().connect(older.settings, token(2))
    await using gate = await closedGate(older.database.superuserUrl)
    const order = await orderOf(older, unjudgedSource(`create table a (id int); ${gate.sql}`))
    const committing = older.session.commitStep(order)
    await gate.reached()
    const raising = newer.raiseFence(leaseOf(older.lease.target, 2), false)
    // the transaction stays open until the raise stands in the queue behind it
    await eventually(async () => (await older.ask(waitsForFence)).length === 1)
    await gate.open()
    const raise = await raising
    const { applied } = await newer.readState()
    await committing
    expect(raise).toEqual({ kind: 'raised', from: 1 })
    expect(applied.map(({ migration }) => migration)).toEqual(['m'])
  })

  test('given a transaction that outlasts every try, when it is raised, then it gives up as held', async () => {
    await using target = await realTarget({ lockTimeoutMs: 5 })
    await using other = await openClient(target.database.superuserUrl)
    await other.query('begin; select from lockstep.fence for share')
    await using newer = await postgresDatabase({ clock: virtualClock() }).connect(target.settings, token(2))
    await expect(newer.raiseFence(leaseOf(target.lease.target, 2), false)).rejects.toMatchObject({ code: 'LEASE_HELD' })
  })
})

describe('schema lockstep', () => {
  test.each([
    ['read receipts', 'select from lockstep.receipt'],
    ['write receipts', `insert into lockstep.receipt (token, n) values (9, 9)`],
    ['move the fence', `update lockstep.fence set token = 9`],
    ['call its functions', `select lockstep.raise_fence('x', 9, 'w', 'r', true)`],
  ])('given the application role, when it tries to %s, then it lacks the right', async (_what, sql) => {
    await using target = await realTarget()
    expect(await asRole(target.database, sql)).toBe('42501')
  })

  test('given an application role that may look into the schema, when it calls a function, then it lacks the right', async () => {
    await using target = await realTarget()
    await target.ask(`grant usage on schema lockstep to ${target.settings.applicationRole}`)
    expect(await asRole(target.database, `select lockstep.raise_fence('x', 9, 'w', 'r', true)`)).toBe('42501')
  })

  test.each(['update lockstep.receipt set run = run', 'delete from lockstep.receipt', 'truncate lockstep.receipt'])(
    'given a receipt, when even the superuser says %s, then it stays',
    async (sql) => {
      await using target = await realTarget()
      await commitText(target, 'select 1')
      await expect(target.ask(sql)).rejects.toThrow('receipts are append-only')
      expect(await target.session.receiptsAfter(null, 10)).toHaveLength(1)
    },
  )

  test('given a newer version of it, when it is ensured, then this Lockstep refuses', async () => {
    await using target = await realTarget()
    await target.ask('insert into lockstep.schema_version (version) values (99)')
    await expect(target.session.ensureSchema()).rejects.toMatchObject({
      code: 'SCHEMA_NEWER',
      message: 'schema "lockstep" is of version 99, expected at most 1',
    })
  })

  test('given a login role that may not create it, when it is ensured, then the refusal says which right is missing', async () => {
    await using database = await createDatabase()
    const { settings } = database
    await withoutSchema(database)
    await using session = await postgresDatabase().connect(settings, token(1))
    await expect(session.ensureSchema()).rejects.toMatchObject({
      code: 'PRIVILEGE_MISSING',
      message: `cannot make schema "lockstep": permission denied for database ${database.name}`,
    })
  })

  test('given a schema that an administrator made for the login role, when it is ensured, then no further right is needed', async () => {
    await using database = await createDatabase()
    const { user } = database.settings.connection
    await withoutSchema(database)
    await withClient(database.superuserUrl, (client) => client.query(`create schema lockstep authorization ${user}`))
    await using target = await attachTarget(postgresDatabase(), database.settings, leaseOf(database.settings.target, 1))
    expect(await commitText(target, 'select 1')).toMatchObject({ outcome: 'committed' })
  })

  test('given another runner that makes it, when it is ensured meanwhile, then nobody waits in the server', async () => {
    await using database = await createDatabase()
    await using other = await openClient(database.superuserUrl)
    await other.query(`begin; select pg_advisory_xact_lock(${schemaKey.key})`)
    await using session = await postgresDatabase().connect(database.settings, token(1))
    const ensuring = session.ensureSchema()
    let waits = 0
    for (let look = 0; look < 20; look += 1) {
      const { rows } = await other.query<{ count: number }>('select count(*)::int from pg_locks where not granted')
      waits += rows[0]?.count ?? 0
    }
    await other.query('commit')
    await ensuring
    expect(waits).toBe(0)
    expect((await session.readState()).head).toBeNull()
  })

  test('given a schema that ten runners made at once, when its objects are counted, then it was made once', async () => {
    await using database = await createDatabase()
    const sessions = await Promise.all(
      Array.from({ length: 10 }, (_, n) => postgresDatabase().connect(database.settings, token(n + 1))),
    )
    await Promise.all(sessions.map((session) => session.ensureSchema()))
    await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()))
    const { rows } = await withClient(database.superuserUrl, (client) =>
      client.query('select version from lockstep.schema_version'),
    )
    expect(rows).toEqual([{ version: 1 }])
  })
})

describe('Prisma’s key', () => {
  test('given a deploy of Prisma’s, when the lock is tried, then it is refused, Prisma is named, and ours is free again', async () => {
    await using database = await createDatabase()
    await using prisma = await openClient(`${database.superuserUrl}?application_name=prisma`)
    await prisma.query(`select pg_advisory_lock(${prismaKey.key})`)
    await using session = await postgresDatabase().connect(database.settings, token(1))
    expect(await session.tryLock()).toMatchObject({ granted: false, holder: { applicationName: 'prisma' } })
    const { rows } = await prisma.query(`
      select count(*)::int from pg_locks l join pg_database d on d.oid = l.database
      where l.locktype = 'advisory' and d.datname = current_database()`)
    expect(rows).toEqual([{ count: 1 }])
  })

  test('given a session of ours, when Prisma tries its lock, then it has to wait', async () => {
    await using target = await realTarget()
    expect(await target.ask(`select pg_try_advisory_lock(${prismaKey.key}) as granted`)).toEqual([{ granted: false }])
  })

  test('given a deploy of Prisma’s that waits in the server, when an index is built concurrently, then neither is a victim', async () => {
    await using target = await realTarget()
    await commitText(target, 'create table t (id int)', 'first')
    const order = await orderOf(target, sourceOf('create index concurrently i on t (id); vacuum t'))
    const [unit] = order.source.body.kind === 'units' ? order.source.body.units : []
    if (unit === undefined) throw new Error('expected a unit')
    await using prisma = await openClient(target.database.superuserUrl)
    const deploying = prisma
      .query(`select pg_advisory_lock(${prismaKey.key})`)
      .then(() => prisma.query(`select pg_sleep(0.3), pg_advisory_unlock(${prismaKey.key})`))
    await target.session.openUnit(order, unit)
    await target.session.runUnit(order, unit)
    await deploying
    expect(await target.session.examineUnit(order, unit)).toBe('done')
    expect(await target.ask(`select pg_try_advisory_lock(${prismaKey.key}) as granted`)).toEqual([{ granted: false }])
  })
})

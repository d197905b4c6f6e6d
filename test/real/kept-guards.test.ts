import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { TargetSettings } from '../../functions/domain/settings.ts'
import { down, keptTables, runSource, up } from '../support/kept-story.ts'
import { withClient } from '../support/postgres.ts'
import { type RealTarget, realTarget } from '../support/real-target.ts'
import { leaseOf, orderOf, sourceOf } from '../support/step-orders.ts'
import { targetSettings } from '../support/target-settings.ts'
import { until } from '../support/until.ts'

let target: RealTarget
beforeEach(async () => {
  target = await realTarget()
})
afterEach(() => target[Symbol.asyncDispose]())

const rowsOf = (table: string) => target.ask(`select * from ${table} order by 1`)

const limited = (policy: Partial<TargetSettings['policy']>): { settings: TargetSettings } => ({
  settings: { ...target.settings, policy: { ...target.settings.policy, ...policy } },
})

describe('who may read what was kept', () => {
  test('given default privileges and grants, when rows are kept, then nobody but the owner may read them', async () => {
    const { settings, database } = target
    const reader = `${database.name}_reader`
    await target.ask(`create role ${reader} login password 'secret'`)
    try {
      for (const role of [settings.applicationRole, settings.connection.user]) {
        await target.ask(`alter default privileges for role ${role} grant all on tables to ${reader}, public`)
        await target.ask(`alter default privileges for role ${role} grant all on schemas to ${reader}, public`)
      }
      await up(
        target,
        'create table a (id int primary key, x text); create table b (id int); insert into a values (1, $$secret$$); insert into b values (1)',
        'init',
      )
      await target.ask(`grant select on a, b to ${reader}`)
      await up(target, 'alter table a drop x; drop table b')
      const acl = await target.ask(`
        select c.relname from pg_class c cross join lateral aclexplode(c.relacl) x
        where c.relnamespace = 'lockstep_kept'::regnamespace and x.grantee <> c.relowner
        union all
        select n.nspname from pg_namespace n cross join lateral aclexplode(n.nspacl) x
        where n.nspname = 'lockstep_kept' and x.grantee <> n.nspowner`)
      expect(acl).toEqual([])
      const owners = await target.ask(
        `select distinct tableowner as owner from pg_tables where schemaname = 'lockstep_kept'`,
      )
      expect(owners).toEqual([{ owner: settings.applicationRole }])
      const url = new URL(database.superuserUrl)
      url.username = reader
      url.password = 'secret'
      const [name] = await keptTables(target)
      await expect(
        withClient(url.href, (client) => client.query(`select * from lockstep_kept.${name}`)),
      ).rejects.toMatchObject({ code: '42501' })
    } finally {
      await target.ask(`drop owned by ${reader}`)
      await target.ask(`drop role ${reader}`)
    }
  })

  test.each(['enable', 'force'])(
    'given a table with row security on (%s), when a column goes and comes back, then all rows have theirs and it is on again',
    async (how) => {
      await up(
        target,
        `create table a (id int primary key, x text); insert into a values (1, 'mine'), (2, 'theirs');
      alter table a enable row level security; create policy p on a using (id = 1); ${how === 'force' ? 'alter table a force row level security' : ''}`,
        'init',
      )
      const applied = await up(target, 'alter table a drop x')
      expect(applied.kept).toMatchObject([{ rows: 2 }])
      expect(
        await target.ask(
          `select relrowsecurity as on from pg_class where relnamespace = 'lockstep_kept'::regnamespace and relkind = 'r'`,
        ),
      ).toEqual([{ on: true }])
      await down(target, 'alter table a add x text', applied)
      expect(await rowsOf('a')).toEqual([
        { id: 1, x: 'mine' },
        { id: 2, x: 'theirs' },
      ])
      expect(
        await target.ask(
          `select relrowsecurity as on, relforcerowsecurity as forced from pg_class where oid = 'a'::regclass`,
        ),
      ).toEqual([{ on: true, forced: how === 'force' }])
    },
  )
})

describe('limits', () => {
  test.each([
    ['rows of a table', { keepRows: 99 }, 'drop table a', 'more than 99 rows'],
    ['bytes of a table', { keepBytes: 8_000 }, 'drop table a', 'kB'],
    ['values of a column', { keepRows: 99 }, 'alter table a drop x', 'more than 99 rows'],
    ['bytes of a column’s table', { keepBytes: 8_000 }, 'alter table a drop x', '8192 bytes'],
    ['bytes of long values', { keepBytes: 20_000 }, 'alter table a drop long', 'values of'],
  ])(
    'given more %s than may be kept, when it is dropped, then the step is refused with the choice',
    async (_what, policy, drop, message) => {
      await up(
        target,
        `create table a (id int primary key, x int, long text);
      insert into a select n, n from generate_series(1, 100) n; alter table a alter long set storage external`,
        'init',
      )
      await target.ask(`update a set long = repeat('x', 30000) where id = 1`)
      await target.ask('vacuum full a')
      await expect(runSource(target, sourceOf(drop), limited(policy))).rejects.toMatchObject({
        code: 'KEEP_TOO_LARGE',
        message: expect.stringContaining(message),
        hint: expect.stringMatching(/policy\.keepBytes.*-- lockstep:preserve=none/),
      })
      expect(await rowsOf('a')).toHaveLength(100)
      expect(await target.session.readState()).toMatchObject({ applied: [{ migration: 'init' }] })
      const free = await runSource(target, sourceOf(`-- lockstep:preserve=none\n${drop}`), limited(policy))
      expect(free).not.toHaveProperty('kept')
    },
  )

  test('given as many rows as may be kept, when they are dropped, then they are', async () => {
    await up(target, 'create table a (id int); insert into a select generate_series(1, 100)', 'init')
    const applied = await runSource(target, sourceOf('drop table a'), limited({ keepRows: 100 }))
    expect(applied.kept).toEqual([{ table: 'public.a', rows: 100 }])
  })
})

describe('one transaction', () => {
  test('given a file that fails after its drop, when it is sent, then neither the drop nor what was kept is there', async () => {
    await up(target, 'create table a (id int); insert into a values (1)', 'init')
    await expect(up(target, 'drop table a; select 1 / 0')).rejects.toMatchObject({ code: 'MIGRATION_FAILED' })
    expect(await rowsOf('a')).toEqual([{ id: 1 }])
    expect(await keptTables(target)).toEqual([])
  })

  test('given an error behind what is kept, when it is told, then its place is that of the file', async () => {
    await up(target, 'create table a (id int); insert into a values (1)', 'init')
    await expect(up(target, 'drop table a;\nselect * from nowhere')).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      details: { place: { line: 2, column: 15 } },
    })
  })

  test('given a lock that another holds, when a drop waits too long, then it may be tried again', async () => {
    await up(target, 'create table a (id int); insert into a values (1)', 'init')
    const order = await orderOf(target, sourceOf('-- lockstep:lock_timeout=50ms\ndrop table a'))
    await withClient(target.database.superuserUrl, async (other) => {
      await other.query('begin; lock table a in access share mode')
      await expect(target.session.commitStep(order)).rejects.toMatchObject({
        code: 'MIGRATION_FAILED',
        details: { sqlState: '55P03' },
      })
      await other.query('rollback')
    })
    expect(await target.session.commitStep(order)).toMatchObject({ kept: [{ table: 'public.a', rows: 1 }] })
  })

  test('given a writer that is not done, when its table is dropped, then what it commits is kept too', async () => {
    await up(target, 'create table a (id int primary key, x int); insert into a values (1, 1)', 'init')
    const order = await orderOf(target, sourceOf('alter table a drop column x'))
    await withClient(target.database.superuserUrl, async (other) => {
      await other.query('begin; insert into a values (2, 2)')
      const committed = target.session.commitStep(order)
      await until(async () => {
        const waiting = await target.ask(`select from pg_locks where relation = 'a'::regclass and not granted`)
        return waiting.length > 0 ? true : undefined
      })
      await other.query('commit')
      expect(await committed).toMatchObject({ kept: [{ rows: 2 }] })
    })
  })

  test('given a database that another target took over, when a migration goes back, then what was kept is put back', async () => {
    await up(target, 'create table a (id int primary key, x int); insert into a values (1, 1)', 'init')
    const applied = await up(target, 'alter table a drop column x')
    const lease = leaseOf(targetSettings('successor').target, 2)
    await target.session.acceptFence(lease)
    const order = await orderOf({ ...target, lease }, sourceOf('alter table a add column x int'), {
      direction: 'down',
      undoes: applied.key,
    })
    expect(await target.session.commitStep(order)).toMatchObject({ kept: [{ table: 'public.a', rows: 1 }] })
    expect(await rowsOf('a')).toEqual([{ id: 1, x: 1 }])
  })

  test('given a role that may make no schema, when it drops values, then it is refused and says so', async () => {
    await up(target, 'create table a (id int); insert into a values (1)', 'init')
    await target.ask(`alter database ${target.database.name} owner to current_user`)
    await expect(up(target, 'drop table a')).rejects.toMatchObject({
      code: 'KEEP_IMPOSSIBLE',
      message: expect.stringContaining('permission denied for database'),
    })
    await target.ask(`alter database ${target.database.name} owner to ${target.settings.applicationRole}`)
  })
})

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { DatabaseRoles } from '../../functions/adapters/database-roles.ts'
import { postgresDatabase } from '../../functions/adapters/postgres-database.ts'
import type { TargetSettings } from '../../functions/domain/settings.ts'
import { type OwnPostgres, startOwnPostgres } from '../support/own-postgres.ts'
import { withClient } from '../support/postgres.ts'
import { readRolesSql } from '../support/roles.ts'
import { attachTarget, commitText, leaseOf, orderOf, unjudgedSource } from '../support/step-orders.ts'
import { targetSettings } from '../support/target-settings.ts'

const password = 'secret'
let server: OwnPostgres
let database = ''
let roles: DatabaseRoles
let made = 0

beforeAll(async () => {
  server = await startOwnPostgres({})
  await withClient(server.url, (client) =>
    // as on RDS: an administrator who is no superuser, and the role whose members log in by token
    client.query(`
      create role admin login createrole createdb password '${password}';
      create role rds_iam nologin;
      grant rds_iam to admin with admin option;
      create role outsider login createrole password '${password}'`),
  )
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => {
  made += 1
  database = `shop_${made}`
  roles = {
    ...{ applicationRole: `${database} "app"`, loginRole: `${database}'s login`, ownerRole: `${database}_lockstep` },
    loginBy: 'password',
  }
  await as('admin', `create database ${database}`, 'postgres')
})

const urlOf = (user: string, where = database): string => {
  const url = new URL(server.url)
  return `postgresql://${encodeURIComponent(user)}:${password}@127.0.0.1:${url.port}/${where}`
}

const as = (user: string, sql: string, where = database) =>
  withClient(urlOf(user, where), async (client) => (await client.query(sql)).rows)

const asSuperuser = (sql: string) => {
  const url = new URL(server.url)
  url.pathname = `/${database}`
  return withClient(url.href, async (client) => (await client.query(sql)).rows)
}

const setUp = async (user = 'admin', changes: Partial<DatabaseRoles> = {}) =>
  as(user, await readRolesSql({ ...roles, ...changes }))

const withPassword = () => asSuperuser(`alter role "${roles.loginRole}" password '${password}'`)

const settings = (): TargetSettings => ({
  ...targetSettings('shop', {
    ...{ host: '127.0.0.1', port: server.port, database, user: roles.loginRole },
    credential: { kind: 'password', password },
  }),
  applicationRole: roles.applicationRole,
})

const attach = (n: number) => attachTarget(postgresDatabase(), settings(), leaseOf(settings().target, n))

const everything = `
  select 'role ' || rolname || rolsuper || rolinherit || rolcreaterole || rolcanlogin as told from pg_roles
  union all select 'member ' || member::regrole || ' of ' || roleid::regrole from pg_auth_members where grantor <> 10
  union all select 'schema ' || nspname || nspowner::regrole || coalesce(nspacl::text, '') from pg_namespace
  union all select 'defaults ' || defaclrole::regrole || defaclobjtype::text || defaclacl::text from pg_default_acl
  union all select 'table ' || relname || relowner::regrole || coalesce(relacl::text, '') from pg_class
    where relnamespace = to_regnamespace('lockstep')
  union all select 'function ' || proname || proowner::regrole || coalesce(proacl::text, '') from pg_proc
    where pronamespace = to_regnamespace('lockstep')
  union all select 'database ' || coalesce(datacl::text, '') from pg_database where datname = current_database()
  order by 1`

describe('docs/database-roles.sql', () => {
  test('given an administrator who is no superuser, when it is run, then a runner can migrate, as the roles that it makes', async () => {
    await setUp()
    await withPassword()
    await using target = await attach(1)
    await commitText(target, 'create table a (id int)')
    expect(
      await asSuperuser(`select tableowner from pg_tables where tablename in ('a', 'receipt') order by tablename`),
    ).toEqual([{ tableowner: roles.applicationRole }, { tableowner: roles.ownerRole }])
  })

  test('given a database that was migrated, when it is run again, then nothing changes', async () => {
    await setUp()
    await withPassword()
    await using target = await attach(1)
    await commitText(target, 'create table a (id int)')
    const before = await asSuperuser(everything)
    await setUp()
    expect(await asSuperuser(everything)).toEqual(before)
    expect(before).toContainEqual({ told: expect.stringContaining('table receipt') })
    await commitText(target, 'create table b (id int)', 'n')
  })

  test('given the administrator, when it has been run, then they hold no right on the schema', async () => {
    await setUp()
    await expect(as('admin', 'create table lockstep.mine ()')).rejects.toMatchObject({ code: '42501' })
  })

  const written = ['fence', 'receipt', 'applied', 'progress', 'schema_version']
  test.each(['loginRole', 'applicationRole'] as const)(
    'given a migrated database, when the rights of the %s are listed, then it writes, makes and drops nothing in the schema',
    async (which) => {
      await setUp()
      await withPassword()
      await using target = await attach(1)
      await commitText(target, 'select 1')
      const role = roles[which].replaceAll("'", "''")
      const rights = written.flatMap((table) =>
        ['insert', 'update', 'delete', 'truncate', 'trigger'].map(
          (right) => `has_table_privilege('${role}', 'lockstep.${table}', '${right}')`,
        ),
      )
      rights.push(
        `has_schema_privilege('${role}', 'lockstep', 'create')`,
        `pg_has_role('${role}', '${roles.ownerRole}', 'usage')`,
      )
      expect(await asSuperuser(`select 1 where ${rights.join(' or ')}`)).toEqual([])
    },
  )

  test('given the way to the owner closed after the first run, when a migration runs, then it is recorded, and the way is closed', async () => {
    await setUp()
    await withPassword()
    await using first = await attach(1)
    await first[Symbol.asyncDispose]()
    await as('admin', `revoke ${roles.ownerRole} from "${roles.loginRole}"`)
    await using target = await attach(2)
    await commitText(target, 'create table a (id int)', 'a')
    const text = `do $$ begin execute 'reset role'; execute 'set role ${roles.ownerRole}'; end $$`
    await expect(target.session.commitStep(await orderOf(target, unjudgedSource(text)))).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      details: { sqlState: '42501' },
    })
  })

  test('given a schema of no version and no way to its owner, when a run wants to make it, then it is told what to run', async () => {
    await setUp()
    await withPassword()
    await as('admin', `revoke ${roles.ownerRole} from "${roles.loginRole}"`)
    await expect(attach(1)).rejects.toMatchObject({
      code: 'PRIVILEGE_MISSING',
      hint: expect.stringContaining('docs/database-roles.sql'),
    })
  })

  test('given a schema that the login role made itself, when it is run, then the owner has it, and runs go on', async () => {
    await setUp()
    await withPassword()
    await asSuperuser(`drop schema lockstep; create schema lockstep authorization "${roles.loginRole}"`)
    await using before = await attach(1)
    await commitText(before, 'create table a (id int)')
    await before[Symbol.asyncDispose]()
    await asSuperuser(await readRolesSql(roles))
    const left = `select 1 from pg_class where relnamespace = 'lockstep'::regnamespace and relowner = to_regrole('"${roles.loginRole.replaceAll("'", "''")}"')
      union all select 1 from pg_proc where pronamespace = 'lockstep'::regnamespace and proowner = to_regrole('"${roles.loginRole.replaceAll("'", "''")}"')`
    expect(await asSuperuser(left)).toEqual([])
    await using after = await attach(2)
    expect(await commitText(after, 'create table b (id int)', 'n')).toMatchObject({ outcome: 'committed' })
  })

  test('given tokens or passwords, when it is run, then the login role is a member of rds_iam or not', async () => {
    const isMember = () =>
      asSuperuser(`select pg_has_role('${roles.loginRole.replaceAll("'", "''")}', 'rds_iam', 'member') as member`)
    await setUp('admin', { loginBy: 'iam' })
    expect(await isMember()).toEqual([{ member: true }])
    await setUp()
    expect(await isMember()).toEqual([{ member: false }])
  })
})

describe('docs/database-roles.sql, run wrongly', () => {
  test.each([
    ['two roles of one name', { ownerRole: 'same', applicationRole: 'same' }, 'must differ'],
    ['a way to log in that nobody knows', { loginBy: 'magic' as 'iam' }, 'expected iam or password'],
  ])('given %s, when it is run, then it says so and makes nothing', async (_what, changes, words) => {
    await expect(setUp('admin', changes)).rejects.toThrow(words)
    expect(await asSuperuser(`select to_regnamespace('lockstep') as schema`)).toEqual([{ schema: null }])
  })

  test('given a login role that is a superuser, when it is run, then it is refused', async () => {
    await asSuperuser(`create role "${roles.loginRole}" superuser login`)
    await expect(setUp()).rejects.toThrow('may do more than a migration should')
  })

  test('given an application role that may become the owner, when it is run, then it is refused', async () => {
    await setUp()
    await asSuperuser(`grant ${roles.ownerRole} to "${roles.applicationRole.replaceAll('"', '""')}"`)
    await expect(setUp()).rejects.toThrow('could then write its own receipts')
  })

  test('given somebody who does not own the database, when they run it, then it says who should, and makes nothing', async () => {
    await expect(setUp('outsider')).rejects.toThrow(/owner of the database|permission denied/)
    expect(await asSuperuser(`select to_regrole('${roles.ownerRole}') as role`)).toEqual([{ role: null }])
  })
})

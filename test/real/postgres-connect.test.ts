import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseError } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { applicationName, tokenIn } from '../../functions/adapters/application-name.ts'
import { type LoginReaders, loginSource, withLogin } from '../../functions/adapters/postgres-credentials.ts'
import { postgresDatabase } from '../../functions/adapters/postgres-database.ts'
import { wrapOwnError } from '../../functions/adapters/postgres-errors.ts'
import type { Connection, TargetSettings } from '../../functions/domain/settings.ts'
import { type TargetName, token } from '../../functions/domain/types.ts'
import { startPostgresServer } from '../../scripts/local/postgres-server.ts'
import { createDatabase, type TestDatabase, withClient } from '../support/postgres.ts'
import { attachTarget, commitText, leaseOf } from '../support/step-orders.ts'
import { startProxy, through } from '../support/tcp-proxy.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createDatabase()
})
afterAll(() => database[Symbol.asyncDispose]())

const withConnection = (changes: Partial<Connection>): TargetSettings => ({
  ...database.settings,
  connection: { ...database.settings.connection, ...changes },
})

const connectionOf = (host: string): Connection => ({
  ...{ host, port: 5432, database: 'shop', user: 'login', tls: 'verify' },
  credential: { kind: 'password', password: 'x' },
})

const connecting = (settings: TargetSettings) => postgresDatabase().connect(settings, token(1))

describe('connecting', () => {
  test.each([
    ['a port where nobody listens', { port: 1 }, 'TARGET_UNREACHABLE'],
    ['a host that does not exist', { host: 'nowhere.invalid' }, 'TARGET_UNREACHABLE'],
    ['a wrong password', { credential: { kind: 'password', password: 'guessed' } }, 'CREDENTIALS_REJECTED'],
    ['no password', { credential: { kind: 'password', password: '' } }, 'CREDENTIALS_REJECTED'],
    ['a user that does not exist', { user: 'nobody_of_that_name' }, 'CREDENTIALS_REJECTED'],
    ['a database that does not exist', { database: 'nowhere' }, 'DATABASE_MISSING'],
    ['a server without TLS where it is demanded', { tls: 'verify' }, 'TARGET_TLS'],
  ] as const)('given %s, when it is tried, then the refusal says so and no secret', async (_what, changes, code) => {
    const settings = withConnection(changes)
    const error = await connecting(settings).catch((thrown) => thrown)
    const { host, port, credential, database: name } = settings.connection
    const password = credential.kind === 'password' ? credential.password : ''
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining(`cannot connect to database ${name} at ${host}:${port}: `),
    })
    if (password !== '') expect(error.message).not.toContain(password)
  })

  test('given a pooler, which has process ids of its own, when it is tried, then it is refused', async () => {
    const keyData = Buffer.from([0x4b, 0, 0, 0, 12])
    await using proxy = await startProxy(database.settings.connection, (chunk) => {
      const at = chunk.indexOf(keyData)
      if (at >= 0) chunk.writeInt32BE(7, at + keyData.length)
      return { pass: chunk }
    })
    await expect(connecting(through(proxy, database.settings))).rejects.toMatchObject({ code: 'POOLER_UNSUPPORTED' })
  })

  test.each([
    ['shop.proxy-c0ffee.eu-central-1.rds.amazonaws.com'],
    ['readers.endpoint.proxy-c0ffee.us-gov-west-1.rds.amazonaws.com'],
    ['Shop.PROXY-C0ffee.cn-north-1.rds.amazonaws.com.cn'],
  ])('given %s, the name of an RDS Proxy, when it is tried, then it is refused without asking it', async (host) => {
    await expect(connecting(withConnection({ host }))).rejects.toMatchObject({
      code: 'POOLER_UNSUPPORTED',
      message: expect.stringContaining('RDS Proxy'),
    })
  })

  test('given a pooler that refuses our options, when it is tried, then it is refused as a pooler', async () => {
    const fields = 'SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0'
    const length = Buffer.alloc(4)
    length.writeInt32BE(fields.length + 4)
    const pooler = createServer((socket) =>
      socket.once('data', () => socket.end(Buffer.concat([Buffer.from('E'), length, Buffer.from(fields)]))),
    )
    pooler.listen(0, '127.0.0.1')
    await new Promise((resolve) => pooler.once('listening', resolve))
    const address = pooler.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await expect(connecting(withConnection({ port }))).rejects.toMatchObject({ code: 'POOLER_UNSUPPORTED' })
    pooler.close()
  })

  test('given a standby, when it is tried, then the refusal says that the primary is wanted', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'lockstep-standby-'))
    await chmod(folder, 0o755)
    const options = { dataDir: path.join(folder, 'data'), fsync: false }
    await (await startPostgresServer(options)).stop()
    await writeFile(path.join(folder, 'data/standby.signal'), '', { mode: 0o644 })
    const server = await startPostgresServer(options)
    const { port, username, password } = new URL(server.url)
    const settings = withConnection({
      ...{ port: Number(port), user: username, database: 'postgres' },
      credential: { kind: 'password', password },
    })
    await expect(connecting(settings)).rejects.toMatchObject({ code: 'TARGET_READ_ONLY' })
    await server.stop()
    await rm(folder, { recursive: true })
  })

  test('given a session, when the server is asked, then it is named for its target and token', async () => {
    await using session = await connecting(database.settings)
    const { rows } = await withClient(database.superuserUrl, (client) =>
      client.query('select application_name as name from pg_stat_activity where pid = $1', [session.backend.pid]),
    )
    expect(rows).toEqual([{ name: `lockstep:${database.settings.target}:1` }])
  })

  test('given settings of the role and the database, when a migration runs, then what the message relies on is pinned', async () => {
    await using own = await createDatabase()
    const { user } = own.settings.connection
    await withClient(own.superuserUrl, (client) =>
      client.query(`
        alter role ${user} set standard_conforming_strings = off;
        alter role ${user} set statement_timeout = 1;
        alter role ${user} set search_path = nowhere;
        alter role ${user} set default_transaction_read_only = on;
        alter role ${user} set idle_session_timeout = 1;
        alter role ${user} set idle_in_transaction_session_timeout = 1;
        alter role ${user} set client_encoding = 'LATIN1';
        alter role ${user} set synchronous_commit = off`),
    )
    await withClient(own.superuserUrl, (client) =>
      client.query(`do $$ begin if current_setting('server_version_num')::int >= 170000 then
        execute 'alter role ${user} set transaction_timeout = 200'; end if; end $$`),
    )
    await using target = await attachTarget(postgresDatabase(), own.settings, leaseOf(own.settings.target, 1))
    await commitText(
      target,
      `create table a as select 'a\\b é'::text as text, current_setting('search_path') as path; select pg_sleep(0.4)`,
    )
    const { rows } = await withClient(own.superuserUrl, (client) => client.query('select * from a'))
    expect(rows).toEqual([{ text: 'a\\b é', path: 'public' }])
  })
})

describe('a session’s name', () => {
  const long = `a${'b'.repeat(62)}` as TargetName

  test.each([['shop' as TargetName], [long]])(
    'given target %s, when it is named, then it fits and its token can be read',
    (target) => {
      const name = applicationName(target, token(Number.MAX_SAFE_INTEGER))
      expect(name.length).toBeLessThanOrEqual(63)
      expect(tokenIn(name, target)).toBe(Number.MAX_SAFE_INTEGER)
    },
  )

  test.each([
    ['psql', 'shop'],
    ['lockstep:shop:', 'shop'],
    ['lockstep:shop:x', 'shop'],
    ['lockstep:shop-2:5', 'shop'],
    [applicationName(long, token(5)), `${long.slice(0, -1)}c`],
  ])('given the name %s, when the token of %s is wanted, then there is none', (name, target) => {
    expect(tokenIn(name, target as TargetName)).toBeUndefined()
  })
})

describe('credentials', () => {
  const rejected = Object.assign(new DatabaseError('password authentication failed', 0, 'error'), { code: '28P01' })
  const openWith =
    (right: string) =>
    async ({ user, password }: { user: string; password: string }) => {
      if (password !== right) throw rejected
      return `opened as ${user} with ${password}`
    }
  const connection = { ...connectionOf('db.example.org'), user: 'shop_login' }
  const secret = { ...connection, credential: { kind: 'secret', arn: 'arn:of:it' } } as const
  const rotating = (...values: { username?: string; password: string }[]): LoginReaders => ({
    readSecret: async (arn) => (arn === 'arn:of:it' && values.shift()) || { password: 'none left' },
    signToken: async ({ host, port, user }) => `token for ${user} at ${host}:${port}`,
  })

  test('given a password that was rotated, when it is rejected, then it is read once more', async () => {
    const readers = rotating({ password: 'old' }, { password: 'new' })
    expect(await withLogin(loginSource(secret, readers), openWith('new'))).toBe('opened as shop_login with new')
  })

  test('given a password that stays wrong, when it is rejected twice, then that is the answer', async () => {
    const readers = rotating({ password: 'old' }, { password: 'older' }, { password: 'new' })
    await expect(withLogin(loginSource(secret, readers), openWith('new'))).rejects.toBe(rejected)
  })

  test('given a rotation between two users, when the secret is read, then its user is the one that connects', async () => {
    const readers = rotating({ username: 'shop_login_clone', password: 'new' })
    expect(await withLogin(loginSource(secret, readers), openWith('new'))).toBe('opened as shop_login_clone with new')
  })

  test('given IAM, when a login is wanted, then it is a token for host, port and user', async () => {
    const login = await loginSource({ ...connection, credential: { kind: 'iam' } }, rotating()).read()
    expect(login).toEqual({ user: 'shop_login', password: 'token for shop_login at db.example.org:5432' })
  })

  test('given a password in the settings, when it is rejected, then it is not tried again', async () => {
    let tries = 0
    const open = async () => {
      tries += 1
      throw rejected
    }
    await expect(withLogin(loginSource(connection), open)).rejects.toBe(rejected)
    expect(tries).toBe(1)
  })
})

describe('errors of our own statements', () => {
  const fromServer = (code: string) => Object.assign(new DatabaseError('words', 0, 'error'), { code })
  const fromSocket = (code: string) => Object.assign(new Error('words'), { code })

  test.each([
    [fromServer('08006'), 'TARGET_UNREACHABLE'],
    [fromServer('57P01'), 'TARGET_UNREACHABLE'],
    [fromServer('57P02'), 'TARGET_UNREACHABLE'],
    [fromServer('57P03'), 'TARGET_UNREACHABLE'],
    [fromServer('53300'), 'TARGET_UNREACHABLE'],
    [fromServer('57014'), 'TARGET_UNREACHABLE'],
    [fromServer('25006'), 'TARGET_READ_ONLY'],
    [fromServer('28P01'), 'CREDENTIALS_REJECTED'],
    [fromServer('28000'), 'CREDENTIALS_REJECTED'],
    [fromServer('3D000'), 'DATABASE_MISSING'],
    [fromServer('42501'), 'PRIVILEGE_MISSING'],
    [fromServer('XX000'), 'INTERNAL'],
    [fromSocket('ECONNRESET'), 'TARGET_UNREACHABLE'],
    [fromSocket('ETIMEDOUT'), 'TARGET_UNREACHABLE'],
    [new Error('timeout expired'), 'TARGET_UNREACHABLE'],
    [new AggregateError([fromSocket('ECONNREFUSED')]), 'TARGET_UNREACHABLE'],
    [fromSocket('SELF_SIGNED_CERT_IN_CHAIN'), 'TARGET_TLS'],
    [fromSocket('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'TARGET_TLS'],
    [fromSocket('ERR_TLS_CERT_ALTNAME_INVALID'), 'TARGET_TLS'],
    [fromSocket('CERT_HAS_EXPIRED'), 'TARGET_TLS'],
    [new TypeError('words'), 'INTERNAL'],
  ])('given %o, when it is wrapped, then its code is %s', (thrown, code) => {
    expect(wrapOwnError(thrown, 'doing')).toMatchObject({ code, message: expect.stringMatching(/^doing: \w/) })
  })
})

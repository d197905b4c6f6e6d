import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client, escapeIdentifier } from 'pg'
import type { Connection, TargetSettings } from '../../functions/domain/settings.ts'
import { startPostgresServer } from '../../scripts/local/postgres-server.ts'
import { readRolesSql } from './roles.ts'
import { targetSettings } from './target-settings.ts'

/** A server for a whole test run; `env` is what its tests need to find it. */
export interface RunningPostgres {
  readonly env: { readonly DATABASE_URL: string }
  stop(): Promise<void>
}

/** Takes the server of DATABASE_URL, or starts the bundled one with an empty data directory. */
export const startPostgres = async (): Promise<RunningPostgres> => {
  const given = process.env.DATABASE_URL
  if (given) return { env: { DATABASE_URL: given }, stop: async () => {} }
  const folder = await mkdtemp(path.join(tmpdir(), 'lockstep-test-'))
  await chmod(folder, 0o755)
  const server = await startPostgresServer({ dataDir: path.join(folder, 'postgres'), fsync: false })
  return {
    env: { DATABASE_URL: server.url },
    stop: async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** An empty database with roles of its own, as `docs/database-roles.sql` leaves it. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string
  readonly settings: TargetSettings
  /** Connects as the login role, which may become the application role and is no superuser. */
  readonly url: string
  /** What made its roles; it makes schema `lockstep` anew where a test dropped it. */
  readonly rolesSql: string
  /** Connects to the same database as the superuser. */
  readonly superuserUrl: string
}

/**
 * Makes a database that the application role owns, and its roles by `docs/database-roles.sql`. Disposing drops them all, whoever is
 * still connected.
 */
export const createDatabase = async (changes: Partial<TargetSettings> = {}): Promise<TestDatabase> => {
  const name = `t_${randomBytes(6).toString('hex')}`
  const password = randomBytes(12).toString('hex')
  const role = { application: `${name}_app`, login: `${name}_login`, owner: `${name}_lockstep` }
  const names = { applicationRole: role.application, loginRole: role.login, ownerRole: role.owner }
  const rolesSql = await readRolesSql({ ...names, loginBy: 'password' })
  await asSuperuser(async (client) => {
    await client.query(`create role ${role.application} nologin`)
    await client.query(`create database ${name} owner ${role.application} template template0 strategy file_copy`)
  })
  await withClient(urlOf(name).href, (client) =>
    client.query(`${rolesSql}; alter role ${role.login} password '${password}'`),
  )
  const url = urlOf(name, role.login, password)
  return {
    name,
    url: url.href,
    superuserUrl: urlOf(name).href,
    rolesSql,
    settings: { ...settingsFor(url, role.application), ...changes },
    [Symbol.asyncDispose]: () => dropDatabase(name, Object.values(role)),
  }
}

/** Runs something over a connection of its own and closes it; as the superuser of the server unless a URL is given. */
export const asSuperuser = <T>(act: (client: Client) => Promise<T>): Promise<T> => withClient(serverUrl(), act)

/** Runs something over a connection of its own and closes it. */
export const withClient = async <T>(url: string, act: (client: Client) => Promise<T>): Promise<T> => {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return await act(client)
  } finally {
    await client.end()
  }
}

const serverUrl = (): string => {
  const url = process.env.DATABASE_URL
  if (!url)
    throw new Error('DATABASE_URL is not set: run these tests through vitest, whose global setup starts a server')
  return url
}

const urlOf = (database: string, user?: string, password?: string): URL => {
  const url = new URL(serverUrl())
  url.pathname = `/${database}`
  if (user !== undefined) url.username = user
  if (password !== undefined) url.password = password
  return url
}

const settingsFor = (url: URL, applicationRole: string): TargetSettings => {
  const database = url.pathname.slice(1)
  const connection: Connection = {
    ...{ host: url.hostname, port: Number(url.port || 5432), database, user: url.username, tls: 'off' },
    credential: { kind: 'password', password: url.password },
  }
  return { ...targetSettings(database.replaceAll('_', '-'), connection), applicationRole }
}

const dropDatabase = (name: string, roles: readonly string[]): Promise<void> =>
  asSuperuser(async (client) => {
    await client.query(`drop database if exists ${escapeIdentifier(name)} with (force)`)
    for (const role of roles) await client.query(`drop role if exists ${escapeIdentifier(role)}`)
  })

/** Has a concurrent build of the unique index "Broken" on table `twice` fail, which leaves it invalid. */
export const leaveInvalidIndex = async (client: Client): Promise<void> => {
  await client.query('create table twice (id int)')
  await client.query('insert into twice values (1), (1)')
  await client.query('create unique index concurrently "Broken" on twice (id)').then(
    () => {
      throw new Error('the build succeeded, expected a duplicate')
    },
    () => undefined,
  )
}

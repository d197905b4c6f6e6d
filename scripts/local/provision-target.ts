import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { Client, escapeIdentifier, escapeLiteral } from 'pg'
import { rolesSql } from '../../functions/adapters/database-roles.ts'
import { writeSettings } from '../../functions/adapters/dynamodb-settings.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import { settingsKeys } from '../../functions/edge/resources.ts'
import { parseTargetSettings, type TargetSettingsInput } from '../../functions/edge/target-settings.ts'
import { namesOf, type TargetNames } from './target-names.ts'

/** Settings that every target of an embedded cloud gets instead of the defaults. */
export type SettingsOverrides = Partial<Omit<TargetSettingsInput, 'target' | 'connection' | 'applicationRole'>>

/** How functions connect to a target, where it is not plainly, to the server's own port, with a password. */
export type ConnectionOverrides = Partial<Omit<TargetSettingsInput['connection'], 'database' | 'user'>>

export interface ProvisionOptions {
  /** A superuser's URL of the server that gets the databases. */
  readonly databaseUrl: string
  readonly dynamodb: DynamoDBClient
  readonly controlTable: string
  readonly settings: SettingsOverrides
  readonly connection?: ConnectionOverrides
}

/**
 * Makes what a target needs: a database that the application role owns, the roles of `docs/database-roles.sql` with a random
 * password for the one that logs in, and the settings item.
 *
 * Idempotent: what is there stays. Safe when several processes do it at once, since one waits for the other.
 */
export async function provisionTarget(target: TargetName, options: ProvisionOptions): Promise<void> {
  const names = namesOf(target)
  const client = new Client({ connectionString: options.databaseUrl })
  client.on('error', () => undefined)
  await client.connect()
  try {
    // the lock is the session's, and ends with it
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [`lockstep:provision:${target}`])
    await ensureDatabase(client, names)
    const created = await ensureRoles(client, names, options)
    if (!created && (await hasSettings(target, options))) return
    const password = randomBytes(24).toString('base64url')
    await client.query(`alter role ${escapeIdentifier(names.loginRole)} password ${escapeLiteral(password)}`)
    await declare(target, { names, password, options })
  } finally {
    await client.end()
  }
}

/** @returns true when the login role is new */
const ensureRoles = async (
  client: Client,
  names: TargetNames,
  { databaseUrl, connection }: ProvisionOptions,
): Promise<boolean> => {
  const there = 'select from pg_roles where rolname = $1'
  const { rowCount } = await client.query(there, [names.loginRole])
  const url = new URL(databaseUrl)
  url.pathname = `/${names.database}`
  const inside = new Client({ connectionString: url.href })
  inside.on('error', () => undefined)
  await inside.connect()
  try {
    const loginBy = connection?.credential?.kind === 'iam' ? 'iam' : 'password'
    await inside.query(rolesSql(await readFile(rolesFile, 'utf8'), { ...names, loginBy }))
  } finally {
    await inside.end()
  }
  return rowCount === 0
}

const rolesFile = new URL('../../docs/database-roles.sql', import.meta.url)

/** The application role owns it, so that a migration may do whatever one may to a database of one's own. */
const ensureDatabase = async (client: Client, { database, applicationRole }: TargetNames): Promise<void> => {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [database])
  if (rowCount !== 0) return
  await ensureApplicationRole(client, applicationRole)
  // a template that nobody connects to, copied file by file: three times as fast as the default
  await client.query(
    `create database ${escapeIdentifier(database)} owner ${escapeIdentifier(applicationRole)} template template0 strategy file_copy`,
  )
}

const ensureApplicationRole = async (client: Client, role: string): Promise<void> => {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role])
  if (rowCount === 0) await client.query(`create role ${escapeIdentifier(role)} nologin`)
}

const hasSettings = async (target: TargetName, { dynamodb, controlTable }: ProvisionOptions): Promise<boolean> => {
  const Key = { pk: { S: `${settingsKeys.prefix}${target}` }, sk: { S: settingsKeys.sortKey } }
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName: controlTable, Key, ConsistentRead: true }))
  return Item !== undefined
}

const declare = async (
  target: TargetName,
  {
    names,
    password,
    options,
  }: { readonly names: TargetNames; readonly password: string; readonly options: ProvisionOptions },
): Promise<void> => {
  const server = new URL(options.databaseUrl)
  const settings = parseTargetSettings({
    ...options.settings,
    target,
    applicationRole: names.applicationRole,
    connection: {
      host: server.hostname,
      port: Number(server.port || 5432),
      database: names.database,
      user: names.loginRole,
      credential: { kind: 'password', password },
      tls: 'off',
      ...options.connection,
    },
  })
  await writeSettings(options.dynamodb, options.controlTable, settings)
}

import { randomBytes } from 'node:crypto'
import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { Client, escapeIdentifier, escapeLiteral } from 'pg'
import { writeSettings } from '../../functions/adapters/dynamodb-settings.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import { settingsKeys } from '../../functions/edge/resources.ts'
import { parseTargetSettings, type TargetSettingsInput } from '../../functions/edge/target-settings.ts'
import { namesOf, type TargetNames } from './target-names.ts'

/** Settings that every target of an embedded cloud gets instead of the defaults. */
export type SettingsOverrides = Partial<Omit<TargetSettingsInput, 'target' | 'connection' | 'applicationRole'>>

export interface ProvisionOptions {
  /** A superuser's URL of the server that gets the databases. */
  readonly databaseUrl: string
  readonly dynamodb: DynamoDBClient
  readonly controlTable: string
  readonly settings: SettingsOverrides
}

/**
 * Makes what a target needs: a database that the application role owns, a login role with a random password that is its member
 * and may create schema `lockstep`, and the settings item.
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
    const created = await ensureRoles(client, names)
    await ensureDatabase(client, names)
    if (!created && (await hasSettings(target, options))) return
    const password = randomBytes(24).toString('base64url')
    await client.query(`alter role ${escapeIdentifier(names.loginRole)} password ${escapeLiteral(password)}`)
    await declare(target, { names, password, options })
  } finally {
    await client.end()
  }
}

/** @returns true when the login role is new */
const ensureRoles = async (client: Client, { applicationRole, loginRole }: TargetNames): Promise<boolean> => {
  const { rows } = await client.query<{ rolname: string }>('select rolname from pg_roles where rolname = any($1)', [
    [applicationRole, loginRole],
  ])
  const isThere = (role: string): boolean => rows.some(({ rolname }) => rolname === role)
  if (!isThere(applicationRole)) await client.query(`create role ${escapeIdentifier(applicationRole)} nologin`)
  if (isThere(loginRole)) return false
  await client.query(`create role ${escapeIdentifier(loginRole)} login in role ${escapeIdentifier(applicationRole)}`)
  return true
}

/** Its owner's members may do in it what the owner may: make schema `lockstep`, and trusted extensions. */
const ensureDatabase = async (client: Client, { database, applicationRole }: TargetNames): Promise<void> => {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [database])
  if (rowCount !== 0) return
  // a template that nobody connects to, copied file by file: three times as fast as the default
  await client.query(
    `create database ${escapeIdentifier(database)} owner ${escapeIdentifier(applicationRole)} template template0 strategy file_copy`,
  )
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
    },
  })
  await writeSettings(options.dynamodb, options.controlTable, settings)
}

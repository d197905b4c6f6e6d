import { DatabaseError, escapeIdentifier } from 'pg'
import { LockstepError } from '../domain/errors.ts'
import type { Clock } from '../engine/system.ts'
import { schemaKey } from './advisory-keys.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { sqlStates } from './postgres-errors.ts'
import { functions } from './postgres-schema-functions.ts'
import { foundations, tables } from './postgres-schema-tables.ts'

/** What brings schema `lockstep` from one version to the next; entry 0 makes version 1. A released entry never changes. */
const versions: readonly string[] = [`${tables}\n${foundations}\n${functions}`]

const pollMs = 50
/** Long enough for another runner's bootstrap, which takes milliseconds. */
const longestWaitMs = 30_000

/**
 * Brings schema `lockstep` to the current version, as the role that owns it.
 *
 * Any number of runners may do it at once: one makes it, in one transaction, the others poll. None ever waits in the server, where
 * a waiter holds a snapshot that a concurrent index build would wait for.
 *
 * @throws LockstepError SCHEMA_NEWER; PRIVILEGE_MISSING when the login role may neither read nor make it
 */
export const ensureSchema = async (connection: PostgresConnection, clock: Clock): Promise<void> => {
  const giveUpAt = clock.monotonicMs() + longestWaitMs
  while ((await readVersion(connection)) < versions.length) {
    if (await tryUpgrade(connection)) return
    if (clock.monotonicMs() > giveUpAt)
      throw new LockstepError('LEASE_HELD', 'another runner is making schema "lockstep"')
    await clock.sleep(pollMs)
  }
}

const doing = 'cannot make schema "lockstep"'

/** 0 when there is no schema yet. */
const readVersion = async (connection: PostgresConnection): Promise<number> => {
  const sql = 'select coalesce(max(version), 0) as version from lockstep.schema_version'
  try {
    const [row] = await connection.query<{ version: number }>('cannot read schema "lockstep"', sql)
    return refuseNewer(row?.version ?? 0)
  } catch (error) {
    if (isMissing(error)) return 0
    throw error
  }
}

const refuseNewer = (version: number): number => {
  if (version <= versions.length) return version
  throw new LockstepError(
    'SCHEMA_NEWER',
    `schema "lockstep" is of version ${version}, expected at most ${versions.length}`,
  )
}

const missingStates: ReadonlySet<string | undefined> = new Set([sqlStates.undefinedTable, sqlStates.invalidSchemaName])

const isMissing = (error: unknown): boolean =>
  error instanceof LockstepError &&
  error.details.cause instanceof DatabaseError &&
  missingStates.has(error.details.cause.code)

/** False when another runner is at it. */
const tryUpgrade = async (connection: PostgresConnection): Promise<boolean> => {
  await connection.query(doing, 'begin')
  try {
    const sql = `select pg_try_advisory_xact_lock(${schemaKey.key}) as granted`
    const [row] = await connection.query<{ granted: boolean }>(doing, sql)
    // what was read before the lock was granted may be old, so the upgrade reads again
    if (row?.granted) await upgrade(connection)
    await connection.query(doing, 'commit')
    return row?.granted === true
  } catch (error) {
    await connection.query(doing, 'rollback').catch(() => [])
    throw error
  }
}

interface FoundSchema {
  readonly owner: string
  readonly is_ours: boolean
  readonly has_version: boolean
}

const upgrade = async (connection: PostgresConnection): Promise<void> => {
  const there = `
    select pg_get_userbyid(nspowner) as owner, pg_get_userbyid(nspowner) = current_user as is_ours,
      to_regclass('lockstep.schema_version') is not null as has_version
    from pg_namespace
    where nspname = 'lockstep'`
  const [found] = await connection.query<FoundSchema>(doing, there)
  const from = found?.has_version ? await readVersion(connection) : 0
  // CREATE SCHEMA demands the right to create one even where IF NOT EXISTS finds it
  if (found === undefined) await connection.query(doing, 'create schema lockstep')
  // for this transaction alone: whatever else the login role does, it does without the owner's rights
  else if (!found.is_ours) await connection.query(doing, `set local role ${escapeIdentifier(found.owner)}`)
  // the bodies are ours, and tested; checking them takes half of the time
  await connection.query(doing, 'set local check_function_bodies = off')
  for (const [index, ddl] of versions.entries()) {
    if (index < from) continue
    await connection.query(doing, ddl)
    await connection.query(doing, 'insert into lockstep.schema_version (version) values ($1)', [index + 1])
  }
}

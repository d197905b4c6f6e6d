import type { Backend } from '../domain/records.ts'
import type { TargetName } from '../domain/types.ts'
import type { LockHolder, LockTry } from '../engine/target-database.ts'
import { type AdvisoryKey, isLockOf, prismaKey, runnerKey } from './advisory-keys.ts'
import { tokenIn } from './application-name.ts'
import type { PostgresConnection } from './postgres-connection.ts'

const doing = 'cannot take the advisory lock'

/**
 * Tries our key and Prisma's, and keeps both or none; the holder is that of the key that was refused.
 *
 * Ours is taken twice, so that `lockstep.holds_lock` may let go of it once to see whether it is still there.
 */
export const tryLock = async (connection: PostgresConnection, target: TargetName): Promise<LockTry> => {
  if (!(await tryKey(connection, runnerKey))) return refusedBy(await findHolder(connection, runnerKey, target))
  if (!(await tryKey(connection, prismaKey))) {
    const holder = await findHolder(connection, prismaKey, target)
    await connection.query(doing, `select pg_advisory_unlock(${runnerKey.key})`)
    return refusedBy(holder)
  }
  await tryKey(connection, runnerKey)
  return { granted: true }
}

const refusedBy = (holder: LockHolder | undefined): LockTry => ({ granted: false, ...(holder && { holder }) })

/** Tries one key once; a key that is already held is held once more. */
export const tryKey = async (connection: PostgresConnection, { key }: AdvisoryKey): Promise<boolean> => {
  const sql = `select pg_try_advisory_lock(${key}) as granted`
  const [row] = await connection.query<{ granted: boolean }>(doing, sql)
  return row?.granted === true
}

/** Another role's session hides its start and its state from us. */
const holderOf = (key: AdvisoryKey): string => `
  select a.pid, a.application_name, coalesce(a.state, 'unknown') as state,
    coalesce(to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '') as started_at
  from pg_locks l
  join pg_stat_activity a on a.pid = l.pid
  where ${isLockOf(key)}`

interface HolderRow {
  readonly pid: number
  readonly application_name: string
  readonly state: string
  readonly started_at: string
}

/** Undefined when the holder let go meanwhile. */
const findHolder = async (
  connection: PostgresConnection,
  key: AdvisoryKey,
  target: TargetName,
): Promise<LockHolder | undefined> => {
  const [row] = await connection.query<HolderRow>(doing, holderOf(key))
  if (row === undefined) return undefined
  const token = tokenIn(row.application_name, target)
  return {
    pid: row.pid,
    startedAt: row.started_at,
    applicationName: row.application_name,
    state: row.state,
    ...(token !== undefined && { token }),
  }
}

/** Time for a backend to end after it was told to. */
const endTimeoutMs = 5_000

const terminateBackend = `
  select pg_terminate_backend(pid, $3) as ended
  from pg_stat_activity
  where pid = $1
  and to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') = $2`

/** Ends a backend and waits until it is gone; false when it was gone, or is not the one that is meant. */
export const terminate = async (connection: PostgresConnection, { pid, startedAt }: Backend): Promise<boolean> => {
  const values = [pid, startedAt, endTimeoutMs]
  const [row] = await connection.query<{ ended: boolean }>(`cannot end backend ${pid}`, terminateBackend, values)
  return row?.ended === true
}

import type { Backend } from '../domain/records.ts'
import type { Clock } from '../engine/system.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { terminate } from './postgres-lock.ts'

interface Interruption {
  readonly connection: PostgresConnection
  readonly openSecond: () => Promise<PostgresConnection>
  readonly clock: Clock
}

/** How long a cancelled statement may take to end before its backend is ended. */
const graceMs = 2_000
const pollMs = 50

/** A backend is meant by pid *and* start, since pids are used again. */
const isTheBackend = `
  pid = $1
  and to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') = $2`
const cancelStatement = `select pg_cancel_backend(pid) from pg_stat_activity where ${isTheBackend}`
const isAtWork = `select pid from pg_stat_activity where state = 'active' and ${isTheBackend}`

/**
 * Stops what the server works on for a connection: cancels the statement, and ends the backend when that does not help in time.
 *
 * @throws LockstepError as opening a connection does; the first one is destroyed in any case
 */
export const interrupt = async ({ connection, openSecond, clock }: Interruption): Promise<void> => {
  try {
    await using second = await openSecond()
    await cancel(second, connection.backend, clock)
  } finally {
    connection.destroy()
  }
}

const cancel = async (second: PostgresConnection, backend: Backend, clock: Clock): Promise<void> => {
  const values = [backend.pid, backend.startedAt]
  const givesUpAt = clock.monotonicMs() + graceMs
  await second.query(`cannot cancel backend ${backend.pid}`, cancelStatement, values)
  while (clock.monotonicMs() < givesUpAt) {
    const atWork = await second.query(`cannot look at backend ${backend.pid}`, isAtWork, values)
    if (atWork.length === 0) return
    await clock.sleep(pollMs)
  }
  await terminate(second, backend)
}

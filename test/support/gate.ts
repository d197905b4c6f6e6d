import { Client } from 'pg'
import { eventually } from './eventually.ts'

/** A lock in a database that a migration's SQL waits for, so that a test can act while the step is in the middle. */
export interface Gate extends AsyncDisposable {
  /** SQL that waits until the gate is opened. */
  readonly sql: string
  /** Waits until somebody stands at the gate. */
  reached(): Promise<void>
  open(): Promise<void>
}

const key = 4242

/** Closes a gate in a database. @param url a superuser's */
export const closedGate = async (url: string): Promise<Gate> => {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  await client.query(`select pg_advisory_lock(${key})`)
  const waiting = `
    select from pg_locks
    where locktype = 'advisory' and objid = ${key} and not granted
    and database = (select oid from pg_database where datname = current_database())`
  return {
    sql: `set local lock_timeout = 0; select pg_advisory_xact_lock(${key})`,
    reached: () => eventually(async () => (await client.query(waiting)).rowCount === 1),
    open: async () => {
      await client.query(`select pg_advisory_unlock(${key})`)
    },
    [Symbol.asyncDispose]: () => client.end(),
  }
}

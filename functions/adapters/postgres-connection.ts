import { Client, DatabaseError } from 'pg'
import { LockstepError } from '../domain/errors.ts'
import type { Backend } from '../domain/records.ts'
import type { TargetSettings } from '../domain/settings.ts'
import type { Token } from '../domain/types.ts'
import { applicationName } from './application-name.ts'
import { passwordSource, withPassword } from './postgres-credentials.ts'
import { sqlStates, wrapOwnError } from './postgres-errors.ts'
import { type MessageOutcome, makeMessage } from './postgres-message.ts'
import { startupOptions } from './postgres-options.ts'

/** What the server says while it works; the driver's form. */
export interface ServerNotice {
  readonly severity?: string | undefined
  readonly code?: string | undefined
  readonly message?: string | undefined
}

export interface ConnectionOptions {
  readonly settings: TargetSettings
  readonly token: Token
  /** Certificates in PEM that sign the server's; Node's own when there are none. */
  readonly authorities?: readonly string[]
  /** Without it the server is asked for no notices. */
  readonly onNotice?: (notice: ServerNotice) => void
}

/** One direct connection; callers take turns. */
export interface PostgresConnection extends AsyncDisposable {
  readonly backend: Backend
  /** As `server_version_num`, for example 180004. */
  readonly serverVersion: number
  /** Sends one simple-protocol message of any number of statements; never rejects. */
  send(text: string): Promise<MessageOutcome>
  /**
   * Runs one statement of our own and returns its rows.
   *
   * @param doing what fails when it fails, for the error's message
   */
  query<Row extends object>(doing: string, text: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Ends it without a goodbye. */
  destroy(): void
}

const connectTimeoutMs = 10_000
/** An orderly end takes one round trip; a server that is gone must not hold the slice up. */
const endTimeoutMs = 1_000

/** Who the server says we are; `backend_start` to the microsecond, since pids are used again. */
const whoAmI = `
  select pid, pg_is_in_recovery() as standby, current_setting('server_version_num')::integer as version,
    to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as started_at
  from pg_stat_activity
  where pid = pg_backend_pid()`

interface Identity {
  readonly pid: number
  readonly started_at: string
  readonly standby: boolean
  readonly version: number
}

/**
 * Opens a connection to the primary.
 *
 * @throws LockstepError TARGET_UNREACHABLE, TARGET_TLS, TARGET_READ_ONLY, CREDENTIALS_REJECTED, DATABASE_MISSING,
 *   POOLER_UNSUPPORTED
 */
export const openConnection = async (options: ConnectionOptions): Promise<PostgresConnection> => {
  const { host, port, database, credential } = options.settings.connection
  const doing = `cannot connect to database ${database} at ${host}:${port}`
  const client = await withPassword(passwordSource(credential), (password) => connectClient(options, password)).catch(
    (error) => {
      throw isPoolerRefusal(error) ? pooler(doing, error) : wrapOwnError(error, doing)
    },
  )
  try {
    const [identity] = (await client.query<Identity>(whoAmI)).rows
    if (identity === undefined || identity.pid !== processId(client)) throw pooler(doing)
    if (identity.standby) throw new LockstepError('TARGET_READ_ONLY', `${doing}: it is a standby, expected the primary`)
    return connectionOf(client, identity)
  } catch (error) {
    client.connection.stream.destroy()
    throw wrapOwnError(error, doing)
  }
}

const connectClient = async (options: ConnectionOptions, password: string): Promise<Client> => {
  const { settings, token, authorities, onNotice } = options
  const { host, port, database, user, tls } = settings.connection
  const client = new Client({
    host,
    port,
    database,
    user,
    password,
    ssl: tls === 'verify' && { rejectUnauthorized: true, ...(authorities && { ca: [...authorities] }) },
    application_name: applicationName(settings.target, token),
    options: startupOptions(settings, onNotice ? 'kept' : 'dropped'),
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  })
  // between two statements there is nobody to tell; the next statement finds out
  client.on('error', () => {})
  if (onNotice) client.on('notice', onNotice)
  try {
    await client.connect()
    return client
  } catch (error) {
    // the driver leaves the socket open where it gives up by itself, and the server would wait for a password
    client.connection.stream.destroy()
    throw error
  }
}

/** A pooler answers with a process id of its own, and may refuse the startup options outright. */
const processId = (client: Client): number | null => ('processID' in client ? Number(client.processID) : null)

const isPoolerRefusal = (error: unknown): boolean =>
  error instanceof DatabaseError &&
  error.code === sqlStates.protocolViolation &&
  error.message.includes('unsupported startup parameter')

const pooler = (doing: string, cause?: unknown): LockstepError =>
  new LockstepError('POOLER_UNSUPPORTED', `${doing}: a connection pooler answers there`, {
    ...(cause !== undefined && { cause }),
  })

const connectionOf = (client: Client, identity: Identity): PostgresConnection => ({
  backend: { pid: identity.pid, startedAt: identity.started_at },
  serverVersion: identity.version,
  send: (text) => {
    const message = makeMessage(text)
    client.query(message)
    return message.outcome
  },
  query: async <Row extends object>(doing: string, text: string, values: readonly unknown[] = []) => {
    try {
      return (await client.query<Row>(text, [...values])).rows
    } catch (error) {
      throw wrapOwnError(error, doing)
    }
  },
  destroy: () => client.connection.stream.destroy(),
  [Symbol.asyncDispose]: async () => {
    const ended = client.end().catch(() => {})
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, endTimeoutMs)
    await Promise.race([ended, late])
    clearTimeout(timer)
    client.connection.stream.destroy()
  },
})

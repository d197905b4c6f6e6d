import { Client, DatabaseError } from 'pg'
import { LockstepError } from '../domain/errors.ts'
import { isRdsProxy } from '../domain/rds-host.ts'
import type { Backend } from '../domain/records.ts'
import type { Connection, TargetSettings } from '../domain/settings.ts'
import type { Token } from '../domain/types.ts'
import { applicationName } from './application-name.ts'
import { isRejection, type Login, type LoginReaders, loginSource, withLogin } from './postgres-credentials.ts'
import { sqlStates, wrapOwnError } from './postgres-errors.ts'
import { type MessageOutcome, makeMessage } from './postgres-message.ts'
import { startupOptions } from './postgres-options.ts'
import { type FindAuthorities, tlsOptions } from './postgres-tls.ts'

/** What the server says while it works; the driver's form. */
export interface ServerNotice {
  readonly severity?: string | undefined
  readonly code?: string | undefined
  readonly message?: string | undefined
}

export interface ConnectionOptions {
  readonly settings: TargetSettings
  readonly token: Token
  readonly access?: DatabaseAccess
  /** Without it the server is asked for no notices. */
  readonly onNotice?: (notice: ServerNotice) => void
}

/** What a connection needs beyond its target's settings. */
export interface DatabaseAccess {
  /** Without them only a password in the settings gets in. */
  readonly logins?: LoginReaders
  /** Without it the settings' authorities count, or Node's own. */
  readonly authorities?: FindAuthorities
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

/** A paused Aurora Serverless holds a connection while it wakes up, for 15 s as a rule, and for 30 after a day's sleep. */
const connectTimeoutMs = 40_000
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
 *   POOLER_UNSUPPORTED, SECRET_INVALID
 */
export const openConnection = async (options: ConnectionOptions): Promise<PostgresConnection> => {
  const { connection } = options.settings
  const doing = `cannot connect to database ${connection.database} at ${connection.host}:${connection.port}`
  if (isRdsProxy(connection.host)) throw pooler(doing, { reason: 'it is the name of an RDS Proxy' })
  const source = loginSource(connection, options.access?.logins)
  const client = await withLogin(source, (login) => connectClient(options, login)).catch((error) => {
    throw refusal(error, doing, connection)
  })
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

const connectClient = async (options: ConnectionOptions, login: Login): Promise<Client> => {
  const { settings, token, access, onNotice } = options
  const { connection } = settings
  const { host, port, database } = connection
  const authorities = (await access?.authorities?.(connection)) ?? connection.authorities
  const client = new Client({
    host,
    port,
    database,
    ...login,
    ssl: tlsOptions(connection, authorities),
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

const pooler = (doing: string, { reason = 'a connection pooler answers there', cause }: PoolerSign = {}) =>
  new LockstepError('POOLER_UNSUPPORTED', `${doing}: ${reason}`, { ...(cause !== undefined && { cause }) })

interface PoolerSign {
  readonly reason?: string
  readonly cause?: unknown
}

/** A token is never wrong by itself: the server does not take any, or the runner's role may not sign one that counts. */
const tokenHint = 'grant rds_iam to the login role, and rds-db:connect on it to the runner; docs/aws.md shows both'

const refusal = (cause: unknown, doing: string, { credential }: Connection): LockstepError => {
  if (isPoolerRefusal(cause)) return pooler(doing, { cause })
  const error = wrapOwnError(cause, doing)
  if (credential.kind !== 'iam' || !isRejection(cause)) return error
  return new LockstepError(error.code, error.message, { ...error.details, hint: tokenHint })
}

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

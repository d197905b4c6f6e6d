import { Client } from 'pg'
import { LockstepError } from '../../functions/domain/errors.ts'

/** A database that nobody will miss. */
export interface ScratchDatabase {
  readonly name: string
  /** Connects as its owner. */
  readonly url: string
}

/** Runs something over a connection of its own and closes it. */
export async function withClient<T>(url: string, act: (client: Client) => Promise<T>): Promise<T> {
  await using opened = await openClient(url)
  return await act(opened.client)
}

interface OpenClient extends AsyncDisposable {
  readonly client: Client
}

/**
 * Opens a connection that is closed when it is disposed.
 *
 * @throws LockstepError SHADOW_UNREACHABLE
 */
export async function openClient(url: string): Promise<OpenClient> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    application_name: 'lockstep:shadow',
  })
  // a database that is dropped below an idle connection is no news
  client.on('error', () => {})
  await client.connect().catch((cause: unknown) => {
    throw unreachable(url, cause)
  })
  return { client, [Symbol.asyncDispose]: () => client.end().catch(() => {}) }
}

const unreachable = (url: string, cause: unknown): LockstepError => {
  const { host, pathname } = new URL(url)
  const message = `cannot connect to ${host}${pathname}: ${reasonOf(cause)}`
  return new LockstepError('SHADOW_UNREACHABLE', message, { cause })
}

/** Several addresses that refused make one error without a message of its own. */
const reasonOf = (cause: unknown): string => {
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join('; ')
  return cause instanceof Error ? cause.message : String(cause)
}

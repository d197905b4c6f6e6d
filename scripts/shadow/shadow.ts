import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Client, DatabaseError, escapeIdentifier } from 'pg'
import { LockstepError } from '../../functions/domain/errors.ts'
import { startPostgresServer } from '../local/postgres-server.ts'
import { openClient, type ScratchDatabase } from './scratch-database.ts'

/**
 * A server on which migrations are tried. What lies there is never touched: everything happens in scratch databases of our own
 * making, and disposing drops them, whoever is still connected.
 */
export interface Shadow extends AsyncDisposable {
  /** Makes an empty database. */
  create(): Promise<ScratchDatabase>
  drop(database: ScratchDatabase): Promise<void>
}

/**
 * Opens the server of a URL, or starts one for as long as the shadow lives.
 *
 * @throws LockstepError SHADOW_UNREACHABLE, USAGE for what is no URL, LOCAL_UNSUPPORTED where PostgreSQL can't be started
 */
export async function openShadow(url: string | undefined): Promise<Shadow> {
  await using stack = new AsyncDisposableStack()
  const serverUrl = url === undefined ? await startServer(stack) : checkUrl(url)
  const { client } = stack.use(await openClient(serverUrl))
  const made = new Map<string, ScratchDatabase>()
  stack.defer(async () => {
    for (const database of made.values()) await dropDatabase(client, database).catch(() => {})
  })
  const whole = stack.move()
  const create = async (): Promise<ScratchDatabase> => {
    const name = `lockstep_shadow_${randomBytes(6).toString('hex')}`
    const database = { name, url: urlOf(serverUrl, name) }
    made.set(name, database)
    await createDatabase(client, name)
    return database
  }
  return {
    create,
    drop: async (database) => {
      await dropDatabase(client, database)
      made.delete(database.name)
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  }
}

const startServer = async (stack: AsyncDisposableStack): Promise<string> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lockstep-shadow-'))
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  // the account that the server runs as has to get in
  await chmod(folder, 0o755)
  const server = await startPostgresServer({ dataDir: path.join(folder, 'data'), fsync: false })
  stack.defer(() => server.stop())
  return server.url
}

const checkUrl = (text: string): string => {
  const url = URL.parse(text)
  if (url !== null && /^postgres(ql)?:$/.test(url.protocol)) return url.href
  throw new LockstepError('USAGE', '--shadow-url is no PostgreSQL URL', {
    hint: 'give postgresql://user:password@host:port/postgres, of a server on which databases may be created',
  })
}

const urlOf = (serverUrl: string, database: string): string => {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}

const insufficientPrivilege = '42501'

const createDatabase = async (client: Client, name: string): Promise<void> => {
  try {
    await client.query(`create database ${escapeIdentifier(name)} template template0`)
  } catch (cause) {
    if (!(cause instanceof DatabaseError) || cause.code !== insufficientPrivilege) throw cause
    throw new LockstepError('PRIVILEGE_MISSING', `no scratch database can be made: ${cause.message}`, {
      hint: 'give --shadow-url a user that may create databases (`alter role … createdb`)',
      cause,
    })
  }
}

const dropDatabase = async (client: Client, { name }: ScratchDatabase): Promise<void> => {
  await client.query(`drop database if exists ${escapeIdentifier(name)} with (force)`)
}

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type PostgresServer, startPostgresServer } from '../../scripts/local/postgres-server.ts'
import { until } from '../support/until.ts'

/** `orderly` ends all sessions and writes a checkpoint; `crash` ends the server at once, and it recovers from its log. */
export type Restart = 'orderly' | 'crash'

/** A PostgreSQL server of the test's own that can go down and come back, with its port and its data. */
export interface Database extends AsyncDisposable {
  /** A superuser's URL. */
  readonly url: string
  readonly port: number
  readonly isUp: () => boolean
  /** Takes it down, leaves it down for a while, and starts it again. */
  restart(how: Restart, downMs: number): Promise<void>
}

const startAgainMs = 90_000

/** Starts the server durable: after a crash nothing that was committed may be missing. */
export async function startDatabase(folder: string): Promise<Database> {
  const dataDir = join(folder, 'chaos-postgres')
  let server: PostgresServer = await startPostgresServer({ dataDir, fsync: true })
  let up = true
  const { url, port } = server
  return {
    url,
    port,
    isUp: () => up,
    async restart(how, downMs) {
      up = false
      if (how === 'crash') process.kill(await postmaster(dataDir), 'SIGQUIT')
      await server.stop()
      await new Promise((resolve) => setTimeout(resolve, downMs))
      // somebody's outgoing connection may have the port for a moment
      server = await until(() => startPostgresServer({ dataDir, port, fsync: true }), startAgainMs)
      up = true
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

const postmaster = async (dataDir: string): Promise<number> => {
  const [pid] = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n').map(Number)
  if (!pid) throw new Error(`no server runs on ${dataDir}`)
  return pid
}

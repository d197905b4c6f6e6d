import { appendFile, chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { serverAccount } from '../../scripts/local/postgres-account.ts'
import { type PostgresServer, startPostgresServer } from '../../scripts/local/postgres-server.ts'
import type { Identity } from './certificates.ts'

/** A PostgreSQL of a test's own, whose configuration is not the bundled one. */
export interface OwnPostgres extends AsyncDisposable {
  /** The superuser's URL. */
  readonly url: string
  readonly port: number
}

interface OwnOptions {
  /** What the server shows to clients that ask for TLS; without it there is none. */
  readonly identity?: Identity
  /** Lines that come first in `pg_hba.conf`. */
  readonly hba?: readonly string[]
}

/** Starts a server of its own that speaks TLS. */
export const startOwnPostgres = async ({ identity, hba = [] }: OwnOptions): Promise<OwnPostgres> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lockstep-tls-'))
  await chmod(folder, 0o755)
  const options = { dataDir: path.join(folder, 'data'), fsync: false }
  // initdb makes the files that are changed here
  await (await startPostgresServer(options)).stop()
  if (identity !== undefined) await showIdentity(options.dataDir, identity)
  if (hba.length > 0) await putFirst(path.join(options.dataDir, 'pg_hba.conf'), hba)
  const server: PostgresServer = await startPostgresServer(options)
  return {
    url: server.url,
    port: server.port,
    [Symbol.asyncDispose]: async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The server refuses a key that others may read, or that is not its own account's. */
const showIdentity = async (dataDir: string, { certificate, key }: Identity): Promise<void> => {
  const account = await serverAccount()
  for (const [name, content] of [
    ['server.crt', certificate],
    ['server.key', key],
  ] as const) {
    const file = path.join(dataDir, name)
    await writeFile(file, content, { mode: 0o600 })
    if (account !== undefined) await chown(file, account.uid, account.gid)
  }
  await appendFile(path.join(dataDir, 'postgresql.conf'), '\nssl = on\n')
}

const putFirst = async (file: string, lines: readonly string[]): Promise<void> => {
  const rest = await readFile(file, 'utf8')
  await writeFile(file, `${lines.join('\n')}\n${rest}`)
}

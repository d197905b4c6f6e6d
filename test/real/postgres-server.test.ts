import { spawnSync } from 'node:child_process'
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stagePostgres } from '../../scripts/local/postgres-binaries.ts'
import { findPostgresPackage, type PostgresPackage } from '../../scripts/local/postgres-package.ts'
import { type PostgresOptions, startPostgresServer } from '../../scripts/local/postgres-server.ts'
import { withClient } from '../support/postgres.ts'

const isRoot = process.getuid?.() === 0
/** No password file names it. */
const strangerUid = 54_321

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lockstep-server-'))
  await chmod(folder, 0o755)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const readSettings = async (options: PostgresOptions): Promise<Record<string, string>> => {
  const server = await startPostgresServer(options)
  try {
    const sql =
      "select name, setting from pg_settings where name = any('{fsync,listen_addresses,server_encoding,lc_collate}')"
    const { rows } = await withClient(server.url, (client) => client.query<{ name: string; setting: string }>(sql))
    return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
  } finally {
    await server.stop()
  }
}

describe('a PostgreSQL server', () => {
  test('given no data, when it starts, then it speaks UTF-8 on the loopback address, and is as durable as asked', async () => {
    const settings = await readSettings({ dataDir: path.join(folder, 'fresh'), fsync: false })
    expect(settings).toMatchObject({ fsync: 'off', listen_addresses: '127.0.0.1', server_encoding: 'UTF8' })
  })

  test('given data of an earlier server, when it starts again, then the data is there', async () => {
    const options = { dataDir: path.join(folder, 'again'), fsync: true }
    const first = await startPostgresServer(options)
    await withClient(first.url, (client) => client.query('create table kept (id int)'))
    await first.stop()
    const second = await startPostgresServer(options)
    const found = await withClient(second.url, (client) =>
      client.query("select to_regclass('kept') is not null as kept"),
    )
    await second.stop()
    expect(found.rows).toEqual([{ kept: true }])
  })

  test('given a port that is taken, when it is asked for, then the refusal says so', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const starting = startPostgresServer({ dataDir: path.join(folder, 'taken'), fsync: false, port })
    await expect(starting).rejects.toMatchObject({ code: 'USAGE', message: `port ${port} of 127.0.0.1 is taken` })
    taken.close()
  })

  test('given data that it cannot serve, when it starts, then the error shows the end of its log and the way out', async () => {
    const dataDir = path.join(folder, 'broken')
    await (await startPostgresServer({ dataDir, fsync: false })).stop()
    await rm(path.join(dataDir, 'global/pg_control'))
    const starting = startPostgresServer({ dataDir, fsync: false })
    await expect(starting).rejects.toMatchObject({
      code: 'LOCAL_UNSUPPORTED',
      message: expect.stringContaining('global/pg_control'),
      hint: expect.stringContaining('DATABASE_URL'),
    })
  })

  test('given a data directory that holds something else, when it starts, then it removes nothing', async () => {
    const dataDir = path.join(folder, 'precious')
    await mkdir(dataDir)
    await writeFile(path.join(dataDir, 'thesis.txt'), 'ten years')
    await expect(startPostgresServer({ dataDir, fsync: false })).rejects.toThrow('ENOTEMPTY')
    expect(await readFile(path.join(dataDir, 'thesis.txt'), 'utf8')).toBe('ten years')
  })

  test.runIf(isRoot)(
    'given a home that only root may enter, when it starts, then the data lies where it can go',
    async () => {
      const home = path.join(folder, 'home')
      await mkdir(home, { mode: 0o700 })
      expect(await readSettings({ dataDir: path.join(home, 'data'), fsync: false })).toMatchObject({
        server_encoding: 'UTF8',
      })
    },
  )

  test.runIf(isRoot)('given a user without a name or a language, when it starts a server, then it runs', async () => {
    const own = path.join(folder, 'stranger')
    await mkdir(own)
    await chown(own, strangerUid, strangerUid)
    const program = `
      import { startPostgresServer } from '${path.resolve('scripts/local/postgres-server.ts')}'
      const server = await startPostgresServer({ dataDir: '${own}/data', fsync: false })
      await server.stop()
      console.log('ran as', process.getuid())`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      uid: strangerUid,
      gid: strangerUid,
      env: { LANG: 'xx_XX.UTF-8', LC_ALL: 'xx_XX.UTF-8', TMPDIR: own },
      encoding: 'utf8',
    })
    expect({ stdout, stderr }).toEqual({ stdout: `ran as ${strangerUid}\n`, stderr: '' })
  })
})

describe('the copy of the programs', () => {
  const account = isRoot ? { uid: strangerUid, gid: strangerUid } : undefined

  /** As `npm ci --ignore-scripts` leaves it: without its symbolic links. */
  const bareCopy = async (id: string): Promise<PostgresPackage> => {
    const source = await findPostgresPackage()
    const native = path.join(folder, id)
    await cp(source.native, native, { recursive: true, verbatimSymlinks: true })
    for (const entry of await readdir(native, { recursive: true, withFileTypes: true })) {
      if (entry.isSymbolicLink()) await rm(path.join(entry.parentPath, entry.name))
    }
    return { native, id: `${id}-${process.pid}` }
  }

  test('given a package without its links, when it is copied, then the programs run', async () => {
    const source = await bareCopy('unlinked')
    const binaries = await stagePostgres(source, account)
    const staged = path.dirname(path.dirname(binaries.initdb))
    const { status, stderr } = spawnSync(binaries.initdb, ['--version'], { encoding: 'utf8' })
    await rm(staged, { recursive: true })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  test('given a copy that lost bytes, when it is wanted again, then it is made again', async () => {
    const source = await bareCopy('damaged')
    const { postgres } = await stagePostgres(source, account)
    await truncate(postgres, 1_000)
    await stagePostgres(source, account)
    const { status } = spawnSync(postgres, ['--version'])
    await rm(path.dirname(path.dirname(postgres)), { recursive: true })
    expect(status).toBe(0)
  })

  test('given a link in place of the copy, when the copy is wanted, then what the link points to is not run', async () => {
    const source = await bareCopy('planted')
    const { initdb } = await stagePostgres(source, account)
    const staged = path.dirname(path.dirname(initdb))
    await rename(staged, `${staged}.elsewhere`)
    await symlink(`${staged}.elsewhere`, staged)
    await stagePostgres(source, account)
    const isLink = (await lstat(staged)).isSymbolicLink()
    for (const copy of [staged, `${staged}.elsewhere`]) await rm(copy, { recursive: true })
    expect(isLink).toBe(false)
  })
})

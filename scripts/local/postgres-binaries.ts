import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Account } from './postgres-account.ts'
import { type PostgresPackage, unsupported } from './postgres-package.ts'

/** Programs that the given account can run, and a folder beside them that it can reach. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
  readonly reachableFolder: string
}

/**
 * Copies PostgreSQL's programs once to where every account can run them.
 *
 * `node_modules` will not do: it may lie below a home that only root may enter, and without install scripts its symbolic links
 * are missing. The copy is made aside and renamed, so that a copy under its final name is whole; idempotent, and safe for
 * several processes at once.
 *
 * @throws LockstepError LOCAL_UNSUPPORTED when no temporary folder allows the account to run programs
 */
export const stagePostgres = async (source: PostgresPackage, account?: Account): Promise<PostgresBinaries> => {
  const reasons: string[] = []
  for (const folder of new Set([tmpdir(), '/tmp', '/var/tmp', '/dev/shm'])) {
    const staged = path.join(folder, `lockstep-postgres-${source.id}-${process.getuid?.()}`)
    const problem = await stage(source, staged).then(
      () => runProblem(path.join(staged, 'bin/initdb'), account),
      (error: Error) => error.message,
    )
    if (problem === undefined) return binariesIn(staged, folder)
    reasons.push(`${folder}: ${problem}`)
  }
  throw unsupported(`no temporary folder can hold its programs (${reasons.join('; ')})`)
}

const binariesIn = (staged: string, reachableFolder: string): PostgresBinaries => ({
  initdb: path.join(staged, 'bin/initdb'),
  postgres: path.join(staged, 'bin/postgres'),
  reachableFolder,
})

const stage = async (source: PostgresPackage, staged: string): Promise<void> => {
  if (await isWhole(source.native, staged)) return
  const aside = `${staged}.${randomBytes(6).toString('hex')}`
  try {
    await copyProgram(source.native, aside)
    // a damaged copy (temporary folders get swept) has to leave first: rename replaces no folder with something in it
    await rename(staged, `${aside}.damaged`).catch(() => undefined)
    await rename(aside, staged).catch(() => undefined)
  } finally {
    await rm(aside, { recursive: true, force: true })
    await rm(`${aside}.damaged`, { recursive: true, force: true })
  }
  if (!(await isWhole(source.native, staged))) throw new Error(`${staged} cannot be replaced`)
}

/** A copy is whole when it is ours, nobody else can write it, and every file of the source is there in full length. */
const isWhole = async (native: string, staged: string): Promise<boolean> => {
  const folder = await lstat(staged).catch(() => undefined)
  if (!folder?.isDirectory() || folder.uid !== process.getuid?.() || (folder.mode & 0o022) !== 0) return false
  for (const file of await filesIn(native)) {
    const [original, copy] = await Promise.all([
      lstat(path.join(native, file)),
      lstat(path.join(staged, file)).catch(() => null),
    ])
    if (copy?.size !== original.size) return false
  }
  for (const { target } of await linksOf(native)) {
    if (!(await lstat(path.join(staged, target)).catch(() => null))) return false
  }
  return true
}

const filesIn = async (native: string): Promise<readonly string[]> => {
  const entries = await readdir(native, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(native, path.join(entry.parentPath, entry.name)))
}

const copyProgram = async (native: string, aside: string): Promise<void> => {
  await mkdir(aside, { mode: 0o755 })
  await cp(native, aside, { recursive: true, verbatimSymlinks: true })
  for (const { source, target } of await linksOf(native)) {
    const link = path.join(aside, target)
    await symlink(path.relative(path.dirname(target), source), link).catch(() => undefined)
  }
  await Promise.all([forgetUserName(path.join(aside, 'bin/initdb')), forgetUserName(path.join(aside, 'bin/postgres'))])
  await openToAll(aside)
}

/** The links that the package's install script would make, relative to `native`. */
const linksOf = async (native: string): Promise<readonly { source: string; target: string }[]> => {
  const listed: { source: string; target: string }[] = JSON.parse(
    await readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]'),
  )
  return listed.map(({ source, target }) => ({
    source: path.relative('native', source),
    target: path.relative('native', target),
  }))
}

/**
 * Lets the programs run under a uid that the password file does not name (`docker run --user 1234`).
 *
 * initdb and `postgres --single` look the user's name up, only to suggest it as the superuser's, and give up without one.
 * `getpwent` has the same length and the same result type, takes no argument, and always finds an entry.
 */
const forgetUserName = async (program: string): Promise<void> => {
  const bytes = await readFile(program)
  const at = bytes.indexOf('\0getpwuid\0', 0, 'latin1')
  if (at < 0) return
  bytes.write('getpwent', at + 1, 'latin1')
  await writeFile(program, bytes)
}

/** Whatever the caller's umask was, others must be able to read and run, and only we to write. */
const openToAll = async (folder: string): Promise<void> => {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue
    const file = path.join(entry.parentPath, entry.name)
    const runnable = entry.isDirectory() || ((await lstat(file)).mode & 0o100) !== 0
    await chmod(file, runnable ? 0o755 : 0o644)
  }
}

/** A folder may be mounted `noexec`, or its parents closed to the account; running a program is the one sure test. */
const runProblem = (program: string, account?: Account): string | undefined => {
  const { error, status, stderr } = spawnSync(program, ['--version'], { ...account, env: {}, encoding: 'utf8' })
  if (error) return error.message
  return status === 0 ? undefined : stderr.trim()
}

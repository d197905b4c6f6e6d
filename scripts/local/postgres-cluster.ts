import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  symlink,
  writeFile,
} from 'node:fs/promises'
import path from 'node:path'
import type { Account } from './postgres-account.ts'
import type { PostgresBinaries } from './postgres-binaries.ts'
import { unsupported } from './postgres-package.ts'

/** A data directory that is ready to be served, and its superuser's password. */
export interface Cluster {
  /** Where the data really lies. */
  readonly folder: string
  readonly password: string
}

const passwordFile = 'superuser-password'

/**
 * Makes a data directory, or takes the one that is there.
 *
 * The data is made aside and renamed, so that an interrupted start leaves nothing half made. Where the server's account can't
 * reach `dataDir` (it lies below a home that only root may enter), the data goes to a temporary folder, and `dataDir` becomes a
 * link to it; removing the link then forgets the data.
 *
 * @throws LockstepError LOCAL_UNSUPPORTED when initdb fails
 */
export const ensureCluster = async (
  dataDir: string,
  binaries: PostgresBinaries,
  account?: Account,
): Promise<Cluster> => {
  await mkdir(path.dirname(dataDir), { recursive: true })
  if (!(await exists(dataDir))) await placeData(dataDir, binaries.reachableFolder, account)
  const folder = await realpath(dataDir)
  if (!(await exists(path.join(folder, 'PG_VERSION')))) await makeCluster(folder, binaries, account)
  return { folder, password: await readFile(path.join(folder, passwordFile), 'utf8') }
}

const exists = async (file: string): Promise<boolean> => {
  const found = await realpath(file).catch(() => undefined)
  // a link whose data was swept away must not stand in the way of a new one
  if (found === undefined) await rm(file, { force: true })
  return found !== undefined
}

const placeData = async (dataDir: string, reachableFolder: string, account?: Account): Promise<void> => {
  if (account === undefined || (await canEnter(path.dirname(dataDir), account))) {
    await mkdir(dataDir)
    return
  }
  await symlink(await mkdtemp(path.join(reachableFolder, 'lockstep-postgres-data-')), dataDir)
}

const canEnter = async (folder: string, account: Account): Promise<boolean> => {
  const { mode, uid, gid } = await lstat(await realpath(folder))
  const owner = uid === account.uid && (mode & 0o100) !== 0
  const group = gid === account.gid && (mode & 0o010) !== 0
  if (!owner && !group && (mode & 0o001) === 0) return false
  const parent = path.dirname(folder)
  return parent === folder || canEnter(parent, account)
}

const makeCluster = async (folder: string, binaries: PostgresBinaries, account?: Account): Promise<void> => {
  const aside = `${folder}.${randomBytes(6).toString('hex')}`
  await mkdir(aside, { mode: 0o700 })
  try {
    await runInitdb(aside, binaries, account)
    // fails on a folder that holds something else, which is not ours to remove
    await rmdir(folder)
    await rename(aside, folder)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

const runInitdb = async (folder: string, { initdb }: PostgresBinaries, account?: Account): Promise<void> => {
  const given = `${folder}.${passwordFile}`
  const password = randomBytes(24).toString('base64url')
  try {
    await writeFile(given, password, { mode: 0o600 })
    if (account) await Promise.all([folder, given].map((file) => chown(file, account.uid, account.gid)))
    const { status, error, stderr } = spawnSync(initdb, initdbArguments(folder, given), {
      ...account,
      // initdb refuses a LANG that is not installed, and takes SQL_ASCII from one that is not set
      env: {},
      encoding: 'utf8',
      cwd: '/',
    })
    if (status !== 0) throw unsupported(`initdb failed: ${error?.message ?? stderr.trim()}`)
    await rename(given, path.join(folder, passwordFile))
  } finally {
    await rm(given, { force: true })
  }
}

const initdbArguments = (folder: string, passwordFrom: string): readonly string[] => [
  `--pgdata=${folder}`,
  '--username=postgres',
  `--pwfile=${passwordFrom}`,
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale=C',
  '--no-sync',
  '--no-instructions',
]

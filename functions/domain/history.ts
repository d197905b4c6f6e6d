import { compareBytes } from './byte-order.ts'
import { LockstepError } from './errors.ts'
import type { FileRef, FileSource } from './file-source.ts'
import { type FileRole, placeOf } from './history-files.ts'
import { noticesOf, type UnreadFile } from './history-notices.ts'
import type { History, Migration } from './migration.ts'
import { listNames } from './names.ts'
import { checkProvider } from './provider-lock.ts'
import type { MigrationName } from './types.ts'

/** A migration's files as they are found, before anything is known of their sum. */
interface Draft {
  readonly name: MigrationName
  readonly form: 'folder' | 'loose'
  readonly parts: Map<FileRole, FileRef>
}

interface Found {
  readonly drafts: readonly Draft[]
  readonly homeless: readonly string[]
  readonly unread: readonly UnreadFile[]
}

/**
 * Reads a history from its files: names, order (byte order of the names) and the files of each migration. No SQL is read.
 *
 * @throws LockstepError PROVIDER_UNSUPPORTED, HISTORY_TWO_DOWNS, HISTORY_ORPHAN, HISTORY_DUPLICATE, HISTORY_EMPTY; `names` has
 *   the files or migrations that it is about
 */
export function readHistory(source: FileSource): History {
  const locked = checkProvider(source)
  const found = findParts(source.files)
  refuseTwoDowns(found)
  refuseOrphans(found)
  refuseDuplicates(found)
  if (found.drafts.length === 0) throw emptyHistory(found)
  const migrations = found.drafts.map(toMigration).sort((a, b) => compareBytes(a.name, b.name))
  return { migrations, notices: noticesOf({ migrations, unread: found.unread, locked }) }
}

const findParts = (files: readonly FileRef[]): Found => {
  const drafts = new Map<string, Draft>()
  const homeless: string[] = []
  const unread: UnreadFile[] = []
  for (const file of files) {
    const place = placeOf(file.path)
    if (place.kind === 'homeless') homeless.push(file.path)
    if (place.kind === 'unread') unread.push({ path: file.path, why: place.why })
    if (place.kind !== 'part') continue
    const { form, name, role } = place
    const key = `${form}/${name}`
    const draft = drafts.get(key) ?? { name, form, parts: new Map() }
    draft.parts.set(role, file)
    drafts.set(key, draft)
  }
  return { drafts: [...drafts.values()], homeless, unread }
}

const refuseTwoDowns = ({ drafts }: Found): void => {
  const both = drafts.filter(({ parts }) => parts.has('down') && parts.has('rollback')).map(({ name }) => name)
  if (both.length === 0) return
  throw new LockstepError('HISTORY_TWO_DOWNS', `both a down and a rollback file: ${listNames(both)}`, { names: both })
}

const refuseOrphans = ({ drafts, homeless }: Found): void => {
  const orphans = [...homeless, ...drafts.flatMap(orphansOf).map((file) => file.path)]
  const [first] = orphans
  if (first === undefined) return
  const message = `files that belong to no migration: ${listNames(orphans)}`
  throw new LockstepError('HISTORY_ORPHAN', message, { names: orphans, ...orphanHint(first, drafts) })
}

/** All of a draft's files when its `migration.sql` is missing; what verifies the way down when there is no way down. */
const orphansOf = ({ parts }: Draft): readonly FileRef[] => {
  if (!parts.has('up')) return [...parts.values()]
  const verifyDown = parts.get('verifyDown')
  return verifyDown === undefined || parts.has('down') || parts.has('rollback') ? [] : [verifyDown]
}

/** The three mistakes that leave a file without its migration, each with its own way out. */
const orphanHint = (path: string, drafts: readonly Draft[]): { readonly hint?: string } => {
  const place = placeOf(path)
  if (place.kind !== 'part') return { hint: 'give the folder that holds all migrations, not the folder of one' }
  const named = (form: Draft['form'], name: string) =>
    drafts.some((draft) => draft.form === form && draft.name === name)
  if (place.form === 'loose' && named('folder', place.name)) return { hint: `move it into the folder ${place.name}/` }
  if (named('loose', `${place.name}.up`)) return { hint: `rename ${place.name}.up.sql to ${place.name}.sql` }
  return {}
}

const refuseDuplicates = ({ drafts }: Found): void => {
  const folders = new Set(drafts.filter(({ form }) => form === 'folder').map(({ name }) => name))
  const twice = drafts.filter(({ form, name }) => form === 'loose' && folders.has(name)).map(({ name }) => name)
  if (twice.length === 0) return
  const message = `both a folder and a .sql file: ${listNames(twice)}`
  throw new LockstepError('HISTORY_DUPLICATE', message, { names: twice })
}

const emptyHistory = ({ unread }: Found): LockstepError => {
  const paths = unread.map((file) => file.path)
  if (paths.length === 0) return new LockstepError('HISTORY_EMPTY', 'there is no migration')
  const message = `there is no migration, only SQL in other places: ${listNames(paths)}`
  return new LockstepError('HISTORY_EMPTY', message, { names: paths })
}

const toMigration = ({ name, form, parts }: Draft): Migration => {
  const up = parts.get('up')
  if (up === undefined) throw new LockstepError('INTERNAL', `${name} has no migration.sql`)
  const down = parts.get('down') ?? parts.get('rollback')
  const verify = parts.get('verify')
  const verifyDown = parts.get('verifyDown')
  return {
    name,
    checksum: up.sha256,
    form,
    up,
    ...(down !== undefined && { down }),
    ...(verify !== undefined && { verify }),
    ...(verifyDown !== undefined && { verifyDown }),
  }
}

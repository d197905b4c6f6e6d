import { isHistoryFile, providerLockPath } from './file-rules.ts'
import { type MigrationName, migrationName } from './types.ts'

/** What a file is to its migration; `rollback.sql` is another name of `down.sql`. */
export type FileRole = 'up' | 'down' | 'rollback' | 'verify' | 'verifyDown'

/** A file's place in a history. */
export type FilePlace =
  | { readonly kind: 'part'; readonly form: 'folder' | 'loose'; readonly name: MigrationName; readonly role: FileRole }
  /** SQL that no rule reads, and why. */
  | { readonly kind: 'unread'; readonly why: string }
  /** A file named like a part of a folder, without the folder. */
  | { readonly kind: 'homeless' }
  /** Not SQL: none of the history's business. */
  | { readonly kind: 'other' }

const folderRoles: ReadonlyMap<string, FileRole> = new Map([
  ['migration.sql', 'up'],
  ['down.sql', 'down'],
  ['rollback.sql', 'rollback'],
  ['verify.sql', 'verify'],
  ['verify.down.sql', 'verifyDown'],
])

/** Longer endings first: each also ends with the last one. */
const looseRoles: readonly (readonly [string, FileRole])[] = [
  ['.verify.down.sql', 'verifyDown'],
  ['.verify.sql', 'verify'],
  ['.down.sql', 'down'],
  ['.rollback.sql', 'rollback'],
  ['.sql', 'up'],
]

/**
 * Tells what a file is by its path alone: `<name>/migration.sql` as Prisma writes it, whatever the name, or `<name>.sql`.
 * As in Prisma, only the first level of folders counts.
 */
export function placeOf(path: string): FilePlace {
  if (path === providerLockPath || !isHistoryFile(path)) return { kind: 'other' }
  const [first = '', second, ...deeper] = path.split('/')
  if (second === undefined) return looseFile(first)
  if (deeper.length > 0) return { kind: 'unread', why: 'only the first level of folders is read' }
  const role = folderRoles.get(second)
  if (role !== undefined) return { kind: 'part', form: 'folder', name: migrationName(first), role }
  return { kind: 'unread', why: `in a folder, only ${[...folderRoles.keys()].join(', ')} are read` }
}

const looseFile = (file: string): FilePlace => {
  if (folderRoles.has(file)) return { kind: 'homeless' }
  if (file.startsWith('.')) return { kind: 'unread', why: 'it is a hidden file' }
  const found = looseRoles.find(([ending]) => file.endsWith(ending))
  if (found === undefined) return { kind: 'unread', why: 'its name must end with .sql in lower case' }
  const [ending, role] = found
  return { kind: 'part', form: 'loose', name: migrationName(file.slice(0, -ending.length)), role }
}

/**
 * Finds the folder, `migrations/` for example, that a zip of a folder has around everything; `''` when there is none. A folder
 * that is itself a migration is not around the history: it is the history.
 */
export function commonRoot(paths: readonly string[]): string {
  const root = /^[^/]+\//.exec(paths[0] ?? '')?.[0]
  if (root === undefined) return ''
  const below = paths.map((path) => (path.startsWith(root) ? path.slice(root.length) : undefined))
  const inside = below.filter((path) => path !== undefined)
  if (inside.length < below.length || inside.some((path) => folderRoles.has(path))) return ''
  return root + commonRoot(inside)
}

import { isUtf8 } from 'node:buffer'
import { LockstepError } from './errors.ts'

/**
 * What every file of a history must be, whether it comes from a zip or from a folder: a path that means the same on every file
 * system, no second file under the same name, and text that PostgreSQL can take.
 */

/** The file that `prisma migrate` keeps beside its migrations. */
export const providerLockPath = 'migration_lock.toml'

/** Tells whether a file is part of a history: SQL at any depth, and the provider lock. All else is left alone and never read. */
export const isHistoryFile = (path: string): boolean => path === providerLockPath || /\.sql$/i.test(path)

/** Tells whether a file was left by macOS (`__MACOSX/`, `.DS_Store`, `._name`) and stands for nothing. */
export const isFinderFile = (path: string): boolean => /(^|\/)(__MACOSX|\.DS_Store|\._[^/]*)(\/|$)/.test(path)

/** Longest name that every usual file system can hold, in bytes. */
const maxNameBytes = 255

/**
 * Refuses a path that leaves its folder, or that file systems understand differently.
 *
 * @throws LockstepError BUNDLE_PATH_UNSAFE
 */
export function checkPath(path: string): void {
  const fault = pathFault(path)
  if (fault === undefined) return
  throw new LockstepError('BUNDLE_PATH_UNSAFE', `the path ${JSON.stringify(path)} ${fault}`, { names: [path] })
}

const pathFault = (path: string): string | undefined => {
  if (path.startsWith('/')) return 'is absolute'
  if (/^[a-z]:/i.test(path)) return 'begins with a drive letter'
  if (path.includes('\\')) return 'has a backslash'
  if (hasControlCharacter(path)) return 'has a control character'
  const names = path.split('/')
  if (names.includes('..')) return 'leaves its folder by ".."'
  if (names.includes('.') || names.includes('')) return 'has an empty part'
  if (names.some((name) => Buffer.byteLength(name) > maxNameBytes))
    return `has a name of more than ${maxNameBytes} bytes`
  return undefined
}

const hasControlCharacter = (text: string): boolean => {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x20 || unit === 0x7f) return true
  }
  return false
}

/**
 * Refuses paths that are the same, or that one file system or another takes for the same: differing only by case or by Unicode
 * normalization, or a file where another path has a folder. On macOS and Windows one of the two would silently be lost.
 *
 * @throws LockstepError BUNDLE_DUPLICATE
 */
export function checkDistinct(paths: readonly string[]): void {
  const seen = new Map<string, { readonly path: string; readonly kind: 'file' | 'folder' }>()
  for (const path of paths) {
    for (const part of partsOf(path)) {
      const kind = part === path ? 'file' : 'folder'
      const key = part.normalize('NFC').toLowerCase()
      const other = seen.get(key)
      if (other === undefined) seen.set(key, { path: part, kind })
      else if (other.path !== part || kind === 'file' || other.kind === 'file') throw duplicate(other.path, part)
    }
  }
}

/** A path and the folders above it: `a`, `a/b`, `a/b/c.sql`. */
const partsOf = (path: string): readonly string[] => {
  const names = path.split('/')
  return names.map((_, index) => names.slice(0, index + 1).join('/'))
}

const duplicate = (first: string, second: string): LockstepError => {
  const message =
    first === second ? `${first} is there twice` : `${first} and ${second} are the same file on some file systems`
  return new LockstepError('BUNDLE_DUPLICATE', message, { names: [first, second] })
}

/**
 * Refuses what is not the text of a SQL file: invalid UTF-8, or a NUL byte. A byte-order mark and CRLF are text.
 *
 * @throws LockstepError FILE_NOT_UTF8, FILE_HAS_NUL; the message has the line
 */
export function checkText(path: string, bytes: Uint8Array): void {
  if (!isUtf8(bytes)) {
    const guess = isUtf16(bytes) ? 'it looks like UTF-16' : `line ${firstInvalidLine(bytes)} is not UTF-8`
    throw new LockstepError('FILE_NOT_UTF8', `${path} is not UTF-8 text: ${guess}`, { names: [path] })
  }
  const nul = bytes.indexOf(0)
  if (nul === -1) return
  const line = linesBefore(bytes, nul)
  throw new LockstepError('FILE_HAS_NUL', `${path} has a NUL byte in line ${line}`, { names: [path] })
}

/** UTF-16's byte-order marks, which PowerShell's `>` writes. */
const isUtf16 = ([first, second]: Uint8Array): boolean =>
  (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)

const lineFeed = 0x0a

/** The first line that is not UTF-8 by itself; no UTF-8 sequence spans a line feed. */
const firstInvalidLine = (bytes: Uint8Array): number => {
  let line = 1
  let start = 0
  while (true) {
    const end = bytes.indexOf(lineFeed, start)
    if (end === -1 || !isUtf8(bytes.subarray(start, end))) return line
    start = end + 1
    line++
  }
}

const linesBefore = (bytes: Uint8Array, offset: number): number => {
  let line = 1
  for (let index = 0; index < offset; index++) if (bytes[index] === lineFeed) line++
  return line
}

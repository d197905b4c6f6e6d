import { type Dirent, readFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bundle } from '../domain/bundle.ts'
import { digestOf } from '../domain/bundle-manifest.ts'
import { compareBytes } from '../domain/byte-order.ts'
import { sha256 } from '../domain/checksum.ts'
import { LockstepError } from '../domain/errors.ts'
import { checkDistinct, checkPath, checkText, isFinderFile, isHistoryFile } from '../domain/file-rules.ts'
import type { FileRef } from '../domain/file-source.ts'
import { checkEntryCount, checkLimits, type SizedFile } from '../domain/limits.ts'
import type { BundleLimits } from '../domain/settings.ts'

/**
 * Opens a folder of migrations under the rules of a bundle. Every file of the history is read and validated once here, and again
 * only when it is asked for. Other files are left alone, `lockstep.json` too; symbolic links are refused whatever they point to.
 *
 * @throws LockstepError PATH_NOT_FOUND, BUNDLE_PATH_UNSAFE, BUNDLE_SYMLINK, BUNDLE_DUPLICATE, BUNDLE_TOO_MANY_FILES,
 *   BUNDLE_FILE_TOO_LARGE, BUNDLE_TOO_LARGE, FILE_NOT_UTF8, FILE_HAS_NUL, FILE_CHANGED
 */
export async function openFolder(dir: string, limits: BundleLimits): Promise<Bundle> {
  const paths = await listFiles(dir, limits)
  checkDistinct(paths)
  const sizes = await Promise.all(paths.map((path) => sizeOf(dir, path)))
  checkLimits(sizes, limits)
  const files = sizes.map((file) => validate(dir, file))
  const byPath = new Map(files.map((file) => [file.path, file]))
  const readText = (path: string): string => {
    const file = byPath.get(path)
    if (file === undefined) throw new LockstepError('INTERNAL', `${path} is not in the history`)
    return readUnchanged(dir, file).toString('utf8')
  }
  return { files, digest: digestOf(files), readText }
}

/** Lists the history's files in byte order; the count bounds how far a walk through a wrong folder goes. */
const listFiles = async (dir: string, limits: BundleLimits): Promise<readonly string[]> => {
  const files: string[] = []
  const folders = ['']
  let count = 0
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await readFolder(dir, folder)
    count += entries.length
    checkEntryCount(count, limits)
    for (const entry of entries) {
      const path = `${folder}${entry.name}`
      if (isFinderFile(path)) continue
      checkEntry(path, entry)
      if (entry.isDirectory()) folders.push(`${path}/`)
      else if (isHistoryFile(path)) files.push(path)
    }
  }
  return files.sort(compareBytes)
}

const readFolder = (dir: string, folder: string): Promise<readonly Dirent[]> =>
  readdir(join(dir, folder), { withFileTypes: true }).catch((cause: unknown) => {
    throw unreadable(join(dir, folder), cause)
  })

const replacementCharacter = '\uFFFD'

const checkEntry = (path: string, entry: Dirent): void => {
  if (path.includes(replacementCharacter)) {
    throw new LockstepError('BUNDLE_PATH_UNSAFE', `the path ${path} is not UTF-8`, { names: [path] })
  }
  checkPath(path)
  if (entry.isFile() || entry.isDirectory()) return
  const kind = entry.isSymbolicLink() ? 'a symbolic link' : 'neither a file nor a folder'
  throw new LockstepError('BUNDLE_SYMLINK', `${path} is ${kind}, expected a file`, { names: [path] })
}

const sizeOf = async (dir: string, path: string): Promise<SizedFile> => {
  const { size } = await stat(join(dir, path)).catch((cause: unknown) => {
    throw unreadable(join(dir, path), cause)
  })
  return { path, bytes: size }
}

const validate = (dir: string, { path, bytes }: SizedFile): FileRef => {
  const content = read(dir, path)
  if (content.length !== bytes) throw changed(path)
  checkText(path, content)
  return { path, bytes, sha256: sha256(content) }
}

const readUnchanged = (dir: string, file: FileRef): Buffer => {
  const content = read(dir, file.path)
  if (sha256(content) !== file.sha256) throw changed(file.path)
  return content
}

const read = (dir: string, path: string): Buffer => {
  try {
    return readFileSync(join(dir, path))
  } catch (cause) {
    throw unreadable(join(dir, path), cause)
  }
}

const changed = (path: string): LockstepError =>
  new LockstepError('FILE_CHANGED', `${path} changed while it was read`, { names: [path] })

const unreadable = (path: string, cause: unknown): LockstepError => {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new LockstepError('PATH_NOT_FOUND', `${path} can't be read: ${reason}`, { names: [path], cause })
}

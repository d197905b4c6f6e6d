import { isAbsolute, relative, resolve } from 'node:path'

/** Resolves a path as it was typed. */
export const toAbsolute = (path: string, cwd: string): string => resolve(cwd, path)

/** Shows a path as short as it can be typed: relative below the current folder, absolute elsewhere. */
export function showPath(path: string, cwd: string): string {
  const short = relative(cwd, path)
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short
}

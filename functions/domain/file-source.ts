import type { Sha256 } from './types.ts'

/** A file of a history: its path from the history's root with forward slashes, its size, and the digest of its bytes. */
export interface FileRef {
  readonly path: string
  readonly bytes: number
  readonly sha256: Sha256
}

/**
 * Is a history's files, listed at once and read one by one, so that a large bundle never lies inflated in memory.
 *
 * Every listed file was validated when the source was opened: path, size, digest; `.sql` files are UTF-8 without NUL.
 */
export interface FileSource {
  /** In byte order of their paths. */
  readonly files: readonly FileRef[]
  /** Reads one listed file as text; a byte-order mark and CRLF are kept as they are. */
  readText(path: string): string
}

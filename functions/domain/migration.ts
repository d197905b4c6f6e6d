import type { FileRef } from './file-source.ts'
import type { MigrationName, Notice, Sha256 } from './types.ts'

/** One versioned change of a history, by reference: its SQL is read when it is needed. */
export interface Migration {
  readonly name: MigrationName
  /** SHA-256 of the bytes of `migration.sql`, as Prisma's. */
  readonly checksum: Sha256
  /** `folder` as Prisma writes it; `loose` is a single `.sql` file that Prisma would not see. */
  readonly form: 'folder' | 'loose'
  readonly up: FileRef
  readonly down?: FileRef
  readonly verify?: FileRef
  readonly verifyDown?: FileRef
}

/** All migrations of a bundle in their order: the byte order of their names. */
export interface History {
  readonly migrations: readonly Migration[]
  /** What `check` shows: names without digits, other digit counts than the neighbours, files that Prisma would not see. */
  readonly notices: readonly Notice[]
}

import { createHash } from 'node:crypto'
import type { Sha256 } from './types.ts'

/** Computes the SHA-256 of bytes, or of a text's UTF-8 bytes, as lower-case hex: for `migration.sql` the same as Prisma's. */
export const sha256 = (data: Uint8Array | string): Sha256 => createHash('sha256').update(data).digest('hex') as Sha256

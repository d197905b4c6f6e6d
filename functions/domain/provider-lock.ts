import { LockstepError } from './errors.ts'
import { providerLockPath } from './file-rules.ts'
import type { FileSource } from './file-source.ts'
import { countCodePoints, placeAt } from './source-position.ts'

const provider = 'postgresql'
/** A TOML line `provider = …` up to its value, and the value as it is written. */
const providerLine = /^(\uFEFF?[ \t]*provider[ \t]*=[ \t]*)(.*)$/m
/** A TOML string, with either kind of quotes; a comment may follow. */
const quoted = /^(["'])(.*?)\1/

/**
 * Tells whether the history has Prisma's `migration_lock.toml`, and refuses one that is not PostgreSQL's.
 *
 * @throws LockstepError PROVIDER_UNSUPPORTED with the place of the value
 */
export function checkProvider(source: FileSource): boolean {
  if (!source.files.some((file) => file.path === providerLockPath)) return false
  const text = source.readText(providerLockPath)
  const [, before = '', value = ''] = providerLine.exec(text) ?? []
  if (quoted.exec(value)?.[2] === provider) return true
  const start = Math.max(text.search(providerLine), 0) + before.length
  const got = value === '' ? 'names no provider' : `has provider ${value.trimEnd()}`
  throw new LockstepError('PROVIDER_UNSUPPORTED', `${providerLockPath} ${got}, expected "${provider}"`, {
    place: placeAt({ path: providerLockPath, text }, countCodePoints(text.slice(0, start))),
  })
}

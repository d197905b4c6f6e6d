import { openBundle } from '../../functions/adapters/bundle-reader.ts'
import { packBundle } from '../../functions/adapters/bundle-writer.ts'
import type { Bundle } from '../../functions/domain/bundle.ts'
import type { SqlParser } from '../../functions/domain/sql-parser.ts'
import type { OpenBundle } from '../../functions/engine/open-bundle.ts'
import { memoryFiles } from './memory-files.ts'
import { parse } from './sql-files.ts'
import { targetSettings } from './target-settings.ts'

const { limits } = targetSettings('shop')
const packed = new Map<string, Promise<Uint8Array>>()
const opened = new Map<Uint8Array, Bundle>()
const parsed = new Map<string, ReturnType<SqlParser>>()

/** Packs texts by their paths, and opens the bundle for `openedBefore`; once for all worlds. */
export function packOnce(texts: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const key = JSON.stringify(texts)
  const bytes = packed.get(key) ?? packAndOpen(texts)
  packed.set(key, bytes)
  return bytes
}

const packAndOpen = async (texts: Readonly<Record<string, string>>): Promise<Uint8Array> => {
  const bytes = await packBundle(memoryFiles(texts), {})
  opened.set(bytes, await openBundle(bytes, limits))
  return bytes
}

/** Opens what was packed here without reading it again: that takes turns of the event loop, in which virtual time would move. */
export const openedBefore: OpenBundle = async (bytes, given) => opened.get(bytes) ?? openBundle(bytes, given)

/** Parses each text once for all worlds. */
export const parseOnce: SqlParser = (text) => {
  const known = parsed.get(text) ?? parse(text)
  parsed.set(text, known)
  return known
}

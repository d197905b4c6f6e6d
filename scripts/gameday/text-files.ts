import { compareBytes } from '../../functions/domain/byte-order.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import type { FileSource } from '../../functions/domain/file-source.ts'

/** Makes a file source of texts by their paths. */
export function textFiles(texts: Readonly<Record<string, string>>): FileSource {
  const files = Object.entries(texts)
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([path, text]) => ({ path, bytes: Buffer.byteLength(text), sha256: sha256(text) }))
  return { files, readText: (path) => texts[path] ?? '' }
}

import { compareBytes } from '../../functions/domain/byte-order.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import type { FileSource } from '../../functions/domain/file-source.ts'

/** Makes a file source of texts by their paths, as if they had been opened and validated. */
export function memoryFiles(texts: Readonly<Record<string, string>>): FileSource {
  const byPath = new Map(Object.entries(texts))
  const files = [...byPath]
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([path, text]) => ({ path, bytes: Buffer.byteLength(text), sha256: sha256(text) }))
  const readText = (path: string): string => {
    const text = byPath.get(path)
    if (text === undefined) throw new Error(`no such file: ${path}`)
    return text
  }
  return { files, readText }
}

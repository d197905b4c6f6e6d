import { type FileHandle, open } from 'node:fs/promises'
import * as z from 'zod'

const place = { bucket: z.string(), key: z.string(), versionId: z.string(), lastModified: z.iso.datetime() }

const objectVersion = z.object({
  kind: z.literal('object'),
  ...place,
  /** MD5 of the body in hex; the store's ETag without its quotes. */
  etag: z.string(),
  size: z.int(),
  /** Hex; grows with every version of the store. */
  sequencer: z.string(),
  /** Headers of the upload that every GET answers: content type, user metadata, checksums, Object Lock. */
  headers: z.record(z.string(), z.string()),
})
const deleteMarker = z.object({ kind: z.literal('delete-marker'), ...place })

const journalLine = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('bucket'), name: z.string() }),
  objectVersion,
  deleteMarker,
  z.object({ kind: z.literal('removed'), bucket: z.string(), key: z.string(), versionId: z.string() }),
])

export type ObjectVersion = Readonly<z.infer<typeof objectVersion>>
export type DeleteMarker = Readonly<z.infer<typeof deleteMarker>>
export type JournalLine = Readonly<z.infer<typeof journalLine>>

/** An append-only file of everything that changed an object store. */
export interface ObjectJournal {
  /** What the file held when it was opened, in order. */
  readonly lines: readonly JournalLine[]
  /** Appends a line; it is on the disk when the promise settles, unless fsync is off. */
  append(line: JournalLine): Promise<void>
  close(): Promise<void>
}

/** Opens a journal, and cuts off the line that a crash left half written: nobody was told of it. */
export async function openObjectJournal(path: string, options: { readonly fsync: boolean }): Promise<ObjectJournal> {
  const file = await open(path, 'a+')
  const { lines, bytes } = parse(await file.readFile())
  await file.truncate(bytes)
  return {
    lines,
    append: (line) => append(file, line, options.fsync),
    close: () => file.close(),
  }
}

const parse = (content: Buffer): { readonly lines: readonly JournalLine[]; readonly bytes: number } => {
  const lines: JournalLine[] = []
  let bytes = 0
  for (let end = content.indexOf(10); end >= 0; end = content.indexOf(10, bytes)) {
    lines.push(journalLine.parse(JSON.parse(content.toString('utf8', bytes, end))))
    bytes = end + 1
  }
  return { lines, bytes }
}

const append = async (file: FileHandle, line: JournalLine, fsync: boolean): Promise<void> => {
  await file.appendFile(`${JSON.stringify(line)}\n`)
  if (fsync) await file.datasync()
}

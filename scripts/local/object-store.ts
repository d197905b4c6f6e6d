import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type DeleteMarker,
  type JournalLine,
  type ObjectJournal,
  type ObjectVersion,
  openObjectJournal,
} from './object-journal.ts'

/** A versioned store of objects in a folder: bodies as files, everything else in a journal. */
export interface ObjectStore {
  /** Where uploads are written before they are put; on the same file system as the bodies. */
  readonly incoming: string
  readonly buckets: ReadonlySet<string>
  /** Makes a bucket; false when it was there. */
  createBucket(name: string): Promise<boolean>
  /** Makes an uploaded file the newest version of a key, if the condition holds when it is the writer's turn. */
  put(upload: Upload, condition: PutCondition): Promise<ObjectVersion | 'refused'>
  /** Puts a delete marker over a key; its versions stay. */
  markDeleted(bucket: string, key: string): Promise<DeleteMarker>
  /** Removes one version for good; undefined when there is none. */
  removeVersion(bucket: string, key: string, versionId: string): Promise<Version | undefined>
  /** All versions of a key, the newest last. */
  versions(bucket: string, key: string): readonly Version[]
  /** The newest versions of the keys with this prefix that are not deleted, in byte order of their keys. */
  list(bucket: string, prefix: string): readonly ObjectVersion[]
  bodyPath(version: ObjectVersion): string
  close(): Promise<void>
}

export type Version = ObjectVersion | DeleteMarker

/** A body that lies in a file below `incoming`, and what to call it. */
export interface Upload {
  readonly path: string
  readonly bucket: string
  readonly key: string
  readonly etag: string
  readonly size: number
  readonly headers: Readonly<Record<string, string>>
}

/** What must be true of a key's newest version for a put to happen; `absent` is true below a delete marker. */
export type PutCondition =
  | { readonly kind: 'always' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'etag'; readonly etag: string }

/**
 * Opens the store of a folder; one process may have it open.
 *
 * Every change is on the disk before its promise settles (unless fsync is off), and one writer makes them in the order of their
 * calls, so a condition is judged and acted upon in one piece.
 */
export async function openObjectStore(dir: string, options: { readonly fsync: boolean }): Promise<ObjectStore> {
  const folders = { incoming: join(dir, 'incoming'), bodies: join(dir, 'bodies') }
  // what lies there was never put
  await rm(folders.incoming, { recursive: true, force: true })
  await Promise.all(Object.values(folders).map((folder) => mkdir(folder, { recursive: true })))
  const journal = await openObjectJournal(join(dir, 'journal.ndjson'), options)
  const index = emptyIndex()
  for (const line of journal.lines) enter(index, line)
  const opened: Opened = { ...folders, ...options, journal, index }
  const inTurn = oneWriter()
  return {
    incoming: folders.incoming,
    buckets: index.buckets,
    versions: (bucket, key) => versionsOf(index, bucket, key),
    list: (bucket, prefix) => list(index, bucket, prefix),
    bodyPath: ({ versionId }) => join(folders.bodies, versionId),
    createBucket: (name) => inTurn(() => createBucket(opened, name)),
    put: async (upload, condition) => {
      if (options.fsync) await syncToDisk(upload.path)
      return await inTurn(() => put(opened, upload, condition))
    },
    markDeleted: (bucket, key) => inTurn(() => record(opened, { kind: 'delete-marker', bucket, key, ...identity() })),
    removeVersion: (bucket, key, versionId) => inTurn(() => removeVersion(opened, { bucket, key, versionId })),
    close: () => inTurn(() => journal.close()),
  }
}

interface Opened {
  readonly incoming: string
  readonly bodies: string
  readonly fsync: boolean
  readonly journal: ObjectJournal
  readonly index: Index
}

const createBucket = async (opened: Opened, name: string): Promise<boolean> => {
  if (opened.index.buckets.has(name)) return false
  await record(opened, { kind: 'bucket', name })
  return true
}

const put = async (opened: Opened, upload: Upload, condition: PutCondition): Promise<ObjectVersion | 'refused'> => {
  const { index, bodies, fsync } = opened
  if (!holds(condition, versionsOf(index, upload.bucket, upload.key))) return 'refused'
  const { path, ...told } = upload
  const version = { kind: 'object', ...told, ...identity(), sequencer: nextSequencer(index) } as const
  await rename(path, join(bodies, version.versionId))
  if (fsync) await syncToDisk(bodies)
  return await record(opened, version)
}

const removeVersion = async (
  opened: Opened,
  { bucket, key, versionId }: { readonly bucket: string; readonly key: string; readonly versionId: string },
): Promise<Version | undefined> => {
  const found = versionsOf(opened.index, bucket, key).find((version) => version.versionId === versionId)
  if (found === undefined) return undefined
  await record(opened, { kind: 'removed', bucket, key, versionId })
  await rm(join(opened.bodies, versionId), { force: true })
  return found
}

/** Nobody sees a change before it is in the journal. */
const record = async <Line extends JournalLine>({ journal, index }: Opened, line: Line): Promise<Line> => {
  await journal.append(line)
  enter(index, line)
  return line
}

interface Index {
  readonly buckets: Set<string>
  readonly versions: Map<string, readonly Version[]>
  lastSequencer: number
}

const emptyIndex = (): Index => ({ buckets: new Set(), versions: new Map(), lastSequencer: 0 })

const versionsOf = (index: Index, bucket: string, key: string): readonly Version[] =>
  index.versions.get(keyOf(bucket, key)) ?? []

/** A bucket's name holds no slash. */
const keyOf = (bucket: string, key: string): string => `${bucket}/${key}`

const enter = (index: Index, line: JournalLine): void => {
  if (line.kind === 'bucket') {
    index.buckets.add(line.name)
    return
  }
  const at = keyOf(line.bucket, line.key)
  const before = index.versions.get(at) ?? []
  if (line.kind === 'removed') {
    const left = before.filter((version) => version.versionId !== line.versionId)
    index.versions.set(at, left)
    return
  }
  index.versions.set(at, [...before, line])
  if (line.kind === 'object') index.lastSequencer = Math.max(index.lastSequencer, Number.parseInt(line.sequencer, 16))
}

const identity = () => ({ versionId: randomBytes(16).toString('hex'), lastModified: new Date().toISOString() })

/** Microseconds, or one more than the last: fits a double until the year 2255. */
const nextSequencer = (index: Index): string => {
  const sequencer = Math.max(index.lastSequencer + 1, Date.now() * 1000)
  return sequencer.toString(16).toUpperCase().padStart(16, '0')
}

const holds = (condition: PutCondition, versions: readonly Version[]): boolean => {
  const newest = versions.at(-1)
  switch (condition.kind) {
    case 'always':
      return true
    case 'absent':
      return newest?.kind !== 'object'
    case 'etag':
      return newest?.kind === 'object' && newest.etag === condition.etag
  }
}

const list = (index: Index, bucket: string, prefix: string): readonly ObjectVersion[] =>
  [...index.versions.values()]
    .flatMap((versions) => versions.at(-1) ?? [])
    .filter((version) => version.kind === 'object')
    .filter((version) => version.bucket === bucket && version.key.startsWith(prefix))
    .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))

/** Runs tasks one after the other, in the order in which they were handed in. */
const oneWriter = () => {
  let last: Promise<unknown> = Promise.resolve()
  return <T>(task: () => Promise<T>): Promise<T> => {
    const turn = last.then(task)
    last = turn.catch(() => undefined)
    return turn
  }
}

const syncToDisk = async (path: string): Promise<void> => {
  await using file = await open(path, 'r')
  await file.sync()
}

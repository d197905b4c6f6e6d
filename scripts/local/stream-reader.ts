import { readFile, rename, writeFile } from 'node:fs/promises'
import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type _Record as StreamRecord,
} from '@aws-sdk/client-dynamodb-streams'
import * as z from 'zod'

/** Reads the shards of a stream, parents first, each from where it was the last time, or from its beginning. */
export interface StreamReader {
  /** The next records of one shard, the same ones again until they are taken; undefined when there are none now. */
  read(): Promise<StreamBatch | undefined>
}

export interface StreamBatch {
  readonly records: readonly StreamRecord[]
  /** Moves the position behind the first `count` records, in memory and on the disk. */
  take(count: number): Promise<void>
}

export interface ReaderOptions {
  readonly streams: DynamoDBStreamsClient
  readonly streamArn: string
  /** One reader may use it. A position in another stream counts as none. */
  readonly positionFile: string
  readonly batchSize: number
}

interface Shard {
  readonly id: string
  readonly parent: string | undefined
  /** The last sequence number that was taken. */
  after: string | undefined
  /** True when the shard is closed and all of it was taken. */
  finished: boolean
  iterator: string | undefined
}

export async function openStreamReader(options: ReaderOptions): Promise<StreamReader> {
  const positions = await loadPositions(options)
  const shards = new Map<string, Shard>()
  let describedAt = Number.NEGATIVE_INFINITY
  return {
    async read() {
      if (performance.now() - describedAt > describeEveryMs) {
        for (const { id, parent } of await describe(options)) {
          const known = positions[id]
          if (!shards.has(id))
            shards.set(id, { id, parent, after: known?.after, finished: known?.finished ?? false, iterator: undefined })
        }
        describedAt = performance.now()
      }
      for (const shard of [...shards.values()].filter((shard) => isReadable(shard, shards))) {
        const { records, next } = await getRecords(options, shard)
        if (records.length > 0)
          return { records, take: (count) => take(options, shards, { shard, records, next, count }) }
        moveTo(shard, next)
        if (shard.finished) await savePositions(options, shards)
      }
      return undefined
    },
  }
}

/** A shard follows a closed one after hours. */
const describeEveryMs = 10_000

const describe = async ({ streams, streamArn }: ReaderOptions): Promise<readonly Pick<Shard, 'id' | 'parent'>[]> => {
  const found: Pick<Shard, 'id' | 'parent'>[] = []
  let from: string | undefined
  do {
    const { StreamDescription: page } = await streams.send(
      new DescribeStreamCommand({ StreamArn: streamArn, ExclusiveStartShardId: from }),
    )
    found.push(...(page?.Shards ?? []).map((shard) => ({ id: shard.ShardId ?? '', parent: shard.ParentShardId })))
    from = page?.LastEvaluatedShardId
  } while (from !== undefined)
  return found
}

const isReadable = (shard: Shard, shards: ReadonlyMap<string, Shard>): boolean =>
  !shard.finished && (shards.get(shard.parent ?? '')?.finished ?? true)

interface ShardPage {
  readonly records: readonly StreamRecord[]
  /** Undefined at the end of a closed shard. */
  readonly next: string | undefined
}

const getRecords = async (options: ReaderOptions, shard: Shard): Promise<ShardPage> => {
  try {
    shard.iterator ??= await newIterator(options, shard)
    const answer = await options.streams.send(
      new GetRecordsCommand({ ShardIterator: shard.iterator, Limit: options.batchSize }),
    )
    return { records: answer.Records ?? [], next: answer.NextShardIterator }
  } catch (thrown) {
    // expired after 15 minutes, or its position is older than the stream: the next read starts anew
    shard.iterator = undefined
    if (thrown instanceof Error && thrown.name === 'TrimmedDataAccessException') shard.after = undefined
    throw thrown
  }
}

const newIterator = async ({ streams, streamArn }: ReaderOptions, shard: Shard): Promise<string | undefined> => {
  const place = { StreamArn: streamArn, ShardId: shard.id }
  const answer = await streams.send(
    new GetShardIteratorCommand(
      shard.after === undefined
        ? { ...place, ShardIteratorType: 'TRIM_HORIZON' }
        : { ...place, ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: shard.after },
    ),
  )
  return answer.ShardIterator
}

const moveTo = (shard: Shard, next: string | undefined): void => {
  shard.iterator = next
  shard.finished = next === undefined
}

const take = async (
  options: ReaderOptions,
  shards: ReadonlyMap<string, Shard>,
  { shard, records, next, count }: ShardPage & { readonly shard: Shard; readonly count: number },
): Promise<void> => {
  if (count === 0) return
  shard.after = records[count - 1]?.dynamodb?.SequenceNumber
  if (count === records.length) moveTo(shard, next)
  else shard.iterator = undefined
  await savePositions(options, shards)
}

const positionFile = z.object({
  stream: z.string(),
  shards: z.record(z.string(), z.object({ after: z.string().optional(), finished: z.boolean() })),
})

const loadPositions = async (options: ReaderOptions): Promise<z.infer<typeof positionFile>['shards']> => {
  const text = await readFile(options.positionFile, 'utf8').catch(() => undefined)
  if (text === undefined) return {}
  const saved = positionFile.parse(JSON.parse(text))
  return saved.stream === options.streamArn ? saved.shards : {}
}

const savePositions = async (options: ReaderOptions, shards: ReadonlyMap<string, Shard>): Promise<void> => {
  const told = [...shards.values()].map(({ id, after, finished }) => [id, { after, finished }])
  const aside = `${options.positionFile}.new`
  await writeFile(aside, JSON.stringify({ stream: options.streamArn, shards: Object.fromEntries(told) }))
  await rename(aside, options.positionFile)
}

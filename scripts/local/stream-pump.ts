import { setTimeout as delay } from 'node:timers/promises'
import {
  DynamoDBStreamsClient,
  ListStreamsCommand,
  type _Record as StreamRecord,
} from '@aws-sdk/client-dynamodb-streams'
import * as z from 'zod'
import type { FunctionHost } from './function-host.ts'
import { clientFor, region } from './names.ts'
import { openStreamReader, type StreamBatch, type StreamReader } from './stream-reader.ts'

/** Lambda's event source mapping between a table's stream and a function. */
export interface StreamPump {
  /** Stops reading until it is resumed, as a mapping that is switched off. */
  pause(): void
  resume(): void
  status(): PumpStatus
  /** Settles when the invocation under way is over; the next start goes on behind what was taken. */
  stop(): Promise<void>
}

export interface PumpStatus {
  /** Records that the function took since the start. */
  readonly delivered: number
  /** Age of the oldest record that was read and not yet taken, in milliseconds; 0 when there is none. */
  readonly lagMs: number
  /** Tries in a row that failed. */
  readonly failures: number
}

export interface PumpOptions {
  readonly endpoint: string
  readonly tableName: string
  readonly host: FunctionHost
  readonly functionName: string
  /** Where the position in each shard is kept. */
  readonly positionFile: string
  readonly log: (line: string) => void
  /** Takes the position of a record that failed so often in a row, which is then passed over; without it, it is tried for ever. */
  readonly giveUp?: { readonly attempts: number; setAside(sequenceNumber: string): Promise<void> }
}

/**
 * Starts the pump: batches in order, from the trim horizon at first, with partial batch responses.
 *
 * A batch that fails is tried again until it is taken, with a growing pause of at most 5 s, and nothing overtakes it.
 */
export async function startStreamPump(options: PumpOptions): Promise<StreamPump> {
  const streams = new DynamoDBStreamsClient(clientFor(options.endpoint))
  const streamArn = await findStream(streams, options.tableName)
  const reader = await openStreamReader({ streams, streamArn, positionFile: options.positionFile, batchSize })
  const state: PumpState = {
    ...options,
    streamArn,
    delivered: 0,
    failures: 0,
    quiet: 0,
    paused: false,
    waitingSince: undefined,
  }
  const stopping = new AbortController()
  const pumping = pumpUntilStopped(state, reader, stopping.signal)
  return {
    status: () => ({
      delivered: state.delivered,
      failures: state.failures,
      lagMs: state.waitingSince === undefined ? 0 : Math.max(0, Date.now() - state.waitingSince),
    }),
    pause: () => {
      state.paused = true
    },
    resume: () => {
      state.paused = false
    },
    async stop() {
      stopping.abort()
      await pumping
      streams.destroy()
    },
  }
}

const batchSize = 100
/** Lambda polls a shard four times a second; this is livelier while there is something, and costs nothing when there is not. */
const firstPollMs = 50
const longestPollMs = 400
const firstPauseMs = 100
const longestPauseMs = 5000

interface PumpState extends PumpOptions {
  readonly streamArn: string
  delivered: number
  failures: number
  paused: boolean
  /** Polls in a row that found nothing. */
  quiet: number
  /** When the oldest record that was not taken was written, in epoch milliseconds. */
  waitingSince: number | undefined
}

const findStream = async (streams: DynamoDBStreamsClient, tableName: string): Promise<string> => {
  const { Streams } = await streams.send(new ListStreamsCommand({ TableName: tableName }))
  const arn = Streams?.at(-1)?.StreamArn
  if (arn === undefined) throw new Error(`the table ${tableName} has no stream`)
  return arn
}

const pumpUntilStopped = async (state: PumpState, reader: StreamReader, stopping: AbortSignal): Promise<void> => {
  while (!stopping.aborted) {
    const pauseMs = await pumpOnce(state, reader).catch((thrown: unknown) => fail(state, String(thrown)))
    if (pauseMs > 0) await delay(pauseMs, undefined, { signal: stopping }).catch(() => undefined)
  }
}

/** Answers the pause until the next try. */
const pumpOnce = async (state: PumpState, reader: StreamReader): Promise<number> => {
  if (state.paused) return firstPollMs
  const batch = await reader.read()
  // switched off while it read: what it read is read again
  if (state.paused) return firstPollMs
  state.waitingSince = batch?.records[0]?.dynamodb?.ApproximateCreationDateTime?.getTime()
  if (batch === undefined) {
    state.quiet += 1
    return Math.min(firstPollMs * 2 ** state.quiet, longestPollMs)
  }
  state.quiet = 0
  const { taken, complaint } = await deliver(state, batch)
  await batch.take(taken)
  state.delivered += taken
  if (taken < batch.records.length) {
    const pauseMs = fail(state, complaint)
    return (await passOver(state, batch, taken)) ? 0 : pauseMs
  }
  state.failures = 0
  return 0
}

/** @returns true when the record that stands in the way was set aside */
const passOver = async (state: PumpState, batch: StreamBatch, taken: number): Promise<boolean> => {
  const { giveUp } = state
  const sequenceNumber = batch.records[taken]?.dynamodb?.SequenceNumber
  if (giveUp === undefined || sequenceNumber === undefined || state.failures < giveUp.attempts) return false
  await giveUp.setAside(sequenceNumber)
  await batch.take(taken + 1)
  state.failures = 0
  return true
}

const fail = (state: PumpState, complaint: string): number => {
  state.log(`stream of ${state.tableName}: ${complaint.slice(0, 500)}`)
  state.failures += 1
  return Math.min(firstPauseMs * 2 ** (state.failures - 1), longestPauseMs)
}

const deliver = async (
  state: PumpState,
  { records }: StreamBatch,
): Promise<{ readonly taken: number; readonly complaint: string }> => {
  const event = JSON.stringify(
    { Records: records.map((record) => toEventRecord(record, state.streamArn)) },
    binaryAsBase64,
  )
  const { payload, functionError } = await state.host.invoke(state.functionName, event)
  const taken = functionError === undefined ? countTaken(records, payload) : 0
  return { taken, complaint: payload }
}

const toEventRecord = (record: StreamRecord, streamArn: string) => ({
  ...record,
  awsRegion: region,
  dynamodb: {
    ...record.dynamodb,
    ApproximateCreationDateTime: (record.dynamodb?.ApproximateCreationDateTime?.getTime() ?? 0) / 1000,
  },
  eventSourceARN: streamArn,
})

const binaryAsBase64 = (_name: string, value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value

const batchResponse = z
  .object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })).nullish() })
  .nullish()
  .transform((response) => (response?.batchItemFailures ?? []).map((failure) => failure.itemIdentifier))

/** Everything before the first failed record was taken; an answer that nobody can read means that nothing was. */
const countTaken = (records: readonly StreamRecord[], payload: string): number => {
  const failed = batchResponse.safeParse(JSON.parse(payload))
  if (!failed.success) return 0
  if (failed.data.length === 0) return records.length
  const places = failed.data.map((id) => records.findIndex((record) => record.dynamodb?.SequenceNumber === id))
  return Math.max(0, Math.min(...places))
}

import { randomUUID } from 'node:crypto'
import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { answerJson, listenOnLoopback, readBody } from './loopback.ts'
import { accountId, region } from './names.ts'

/** EventBridge with one target: a file. */
export interface EventBus {
  readonly endpoint: string
  /** All events that were put, in order, as a rule's target would get them. */
  events(): Promise<readonly BusEvent[]>
  stop(): Promise<void>
}

const busEvent = z.object({
  version: z.literal('0'),
  id: z.uuid(),
  'detail-type': z.string(),
  source: z.string(),
  account: z.string(),
  time: z.string(),
  region: z.string(),
  resources: z.array(z.string()),
  detail: z.record(z.string(), z.unknown()),
})
export type BusEvent = Readonly<z.infer<typeof busEvent>>

const putEvents = z.object({
  Entries: z
    .array(
      z.object({
        Source: z.string().optional(),
        DetailType: z.string().optional(),
        Detail: z.string().optional(),
        Time: z.number().optional(),
        Resources: z.array(z.string()).optional(),
        EventBusName: z.string().optional(),
      }),
    )
    .min(1)
    .max(10),
})
type Entry = z.infer<typeof putEvents>['Entries'][number]

/** EventBridge's limit for all entries of a call together. */
const callLimitBytes = 256 * 1024

/** Answers EventBridge's PutEvents on loopback and appends the events to `events.ndjson` in the given folder. */
export async function startEventBus(dir: string): Promise<EventBus> {
  const file = join(dir, 'events.ndjson')
  const server = await listenOnLoopback(async (request, response) => {
    const body = await readBody(request, 2 * callLimitBytes).catch(() => undefined)
    const refusal = (type: string, message: string): void =>
      answerJson(response, { status: 400, headers: amzJson, body: { __type: type, message } })
    if (request.headers['x-amz-target'] !== 'AWSEvents.PutEvents') {
      return refusal('UnknownOperationException', 'only PutEvents is known here')
    }
    const call = putEvents.safeParse(parseJson(body?.toString() ?? ''))
    if (!call.success) return refusal('ValidationException', z.prettifyError(call.error))
    const bytes = call.data.Entries.reduce((sum, entry) => sum + entryBytes(entry), 0)
    if (bytes > callLimitBytes)
      return refusal('ValidationException', 'Total size of the entries in the request is over the limit.')
    answerJson(response, { status: 200, headers: amzJson, body: await put(file, call.data.Entries) })
  })
  return { endpoint: server.endpoint, events: () => read(file), stop: server.stop }
}

const amzJson = { 'content-type': 'application/x-amz-json-1.1' }

const put = async (file: string, entries: readonly Entry[]) => {
  const results = entries.map(judge)
  const events = results.flatMap((result) => ('event' in result ? [`${JSON.stringify(result.event)}\n`] : []))
  await appendFile(file, events.join(''))
  return {
    FailedEntryCount: results.length - events.length,
    Entries: results.map((result) => ('event' in result ? { EventId: result.event.id } : result)),
  }
}

type Judgement = { readonly event: BusEvent } | { readonly ErrorCode: string; readonly ErrorMessage: string }

/** An entry may be refused while others of the same call are taken. */
const judge = (entry: Entry): Judgement => {
  const { Source: source, DetailType: detailType, Detail: text } = entry
  if (!source || !detailType || text === undefined) {
    return {
      ErrorCode: 'InvalidArgument',
      ErrorMessage: 'Parameter Source, DetailType or Detail is not valid. Reason: it is required.',
    }
  }
  if (source.startsWith('aws.')) {
    return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: `Not authorized for the source ${source}.` }
  }
  const detail = z.record(z.string(), z.unknown()).safeParse(parseJson(text))
  if (!detail.success) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' }
  return {
    event: {
      version: '0',
      id: randomUUID(),
      'detail-type': detailType,
      source,
      account: accountId,
      time: new Date(entry.Time === undefined ? Date.now() : entry.Time * 1000).toISOString(),
      region,
      resources: entry.Resources ?? [],
      detail: detail.data,
    },
  }
}

/** As EventBridge counts: 14 bytes for a time, and the UTF-8 bytes of the strings. */
const entryBytes = (entry: Entry): number =>
  [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])].reduce(
    (sum, text) => sum + Buffer.byteLength(text ?? ''),
    entry.Time === undefined ? 0 : 14,
  )

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const read = async (file: string): Promise<readonly BusEvent[]> => {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => busEvent.parse(JSON.parse(line)))
}

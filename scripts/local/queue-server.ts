import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { BuildAppOptions } from 'fauxqs'
import { buildApp } from 'fauxqs'
import { accountId, region } from './names.ts'

type Stores = NonNullable<BuildAppOptions['stores']>
type Persistence = NonNullable<Stores['sqsStore']['persistence']>

/** SQS, in this process, on the loopback interface. */
export interface QueueServer {
  readonly endpoint: string
  queueUrl(name: string): string
  /** Makes a queue, or gives the one of that name these attributes; idempotent. */
  ensureQueue(name: string, attributes: Readonly<Record<string, string>>): void
  /** All messages of a queue, also those that are in flight or delayed; takes none away. */
  peek(name: string): readonly QueuedMessage[]
  /** Makes all messages of a queue older, as if they had been sent before: for exercises. */
  age(name: string, ms: number): void
  /** Answers the long polls that wait now, with nothing. */
  releasePolls(): void
  stop(): Promise<void>
}

export interface QueuedMessage {
  readonly messageId: string
  readonly body: string
  readonly receiveCount: number
  readonly inFlight: boolean
  /** In epoch milliseconds. */
  readonly sentAtMs: number
}

/**
 * Starts fauxqs's SQS on a free port of 127.0.0.1, with its messages in SQLite, so that a message outlives the process.
 *
 * fauxqs's own `startFauxqs` listens on every interface and only there has persistence, so the parts are put together here.
 */
export async function startQueueServer(dataDir: string): Promise<QueueServer> {
  const stores = await openStores(dataDir)
  const { sqsStore } = stores
  const app = buildApp({ logger: false, defaultRegion: region, stores })
  app.addHook('onClose', async () => stores.close())
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' })
  const queueUrl = (name: string): string => `${endpoint}/${accountId}/${name}`

  return {
    endpoint,
    queueUrl,
    ensureQueue(name, attributes) {
      const arn = `arn:aws:sqs:${region}:${accountId}:${name}`
      const queue = sqsStore.getQueueByName(name) ?? sqsStore.createQueue(name, queueUrl(name), arn)
      queue.setAttributes({ ...attributes })
    },
    peek: (name) => peek(sqsStore, name),
    age(name, ms) {
      const found = sqsStore.inspectQueue(name)?.messages
      if (found === undefined) return
      const messages = [...found.ready, ...found.delayed, ...found.inflight.map(({ message }) => message)]
      for (const message of messages) message.sentTimestamp -= ms
    },
    releasePolls: () => sqsStore.shutdown(),
    stop: async () => app.close(),
  }
}

/** fauxqs exports no store, so its modules are imported by their files: the version is pinned, and a test uses each of them. */
const openStores = async (dataDir: string): Promise<Stores & { close(): void }> => {
  const sqs: { SqsStore: new () => Stores['sqsStore'] } = await inside('./sqs/sqsStore.js')
  const sns: { SnsStore: new () => Stores['snsStore'] } = await inside('./sns/snsStore.js')
  const s3: { S3Store: new () => Stores['s3Store'] } = await inside('./s3/s3Store.js')
  const files: { PersistenceManager: new (dataDir: string) => Persistence } = await inside('./persistence.js')
  const stores = { sqsStore: new sqs.SqsStore(), snsStore: new sns.SnsStore(), s3Store: new s3.S3Store() }
  const persistence = new files.PersistenceManager(dataDir)
  persistence.loadSqsAndSns(stores.sqsStore, stores.snsStore)
  const repair = keepReceiveCounts(persistence, join(dataDir, 'fauxqs.db'))
  stores.sqsStore.persistence = persistence
  for (const queue of stores.sqsStore.allQueues()) queue.persistence = persistence
  // an empty host makes the queue URLs that it answers carry the request's own host, which always resolves
  stores.sqsStore.host = ''
  const close = (): void => {
    repair.close()
    persistence.close()
  }
  return { ...stores, close }
}

/**
 * Repairs what fauxqs 2.4.1 does when a message's visibility is set to 0: it writes null over the receive count, which its own
 * table refuses, and the message is lost.
 */
const keepReceiveCounts = (persistence: Persistence, file: string): DatabaseSync => {
  const database = new DatabaseSync(file)
  const ready = database.prepare(`
    update sqs_messages
    set receipt_handle = null, visibility_deadline = null
    where message_id = ?`)
  persistence.updateMessageReady = (messageId) => {
    ready.run(messageId)
  }
  return database
}

const inside = (file: string) => import(new URL(file, import.meta.resolve('fauxqs')).href)

const peek = (store: Stores['sqsStore'], name: string): readonly QueuedMessage[] => {
  const messages = store.inspectQueue(name)?.messages
  if (messages === undefined) return []
  const told = (message: (typeof messages.ready)[number], inFlight: boolean): QueuedMessage => ({
    messageId: message.messageId,
    body: message.body,
    receiveCount: message.approximateReceiveCount,
    inFlight,
    sentAtMs: message.sentTimestamp,
  })
  return [
    ...[...messages.ready, ...messages.delayed].map((message) => told(message, false)),
    ...messages.inflight.map(({ message }) => told(message, true)),
  ]
}

import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'

/** Counts a target's committed receipts while they come, past everything that happens to the server. */
export interface ReceiptWatch extends AsyncDisposable {
  readonly committed: () => number
  /** When the newest receipt was seen, or the watch began, in ms of `performance.now()`. */
  readonly movedAtMs: () => number
}

const pollMs = 150
const connectTimeoutMs = 5_000
const countCommitted = "select count(*)::integer as committed from lockstep.receipt where outcome = 'committed'"

/** Starts watching. @param moved told of each look that found more */
export function watchReceipts(url: string, moved: () => void): ReceiptWatch {
  const ended = new AbortController()
  let committed = 0
  let movedAtMs = performance.now()
  const look = async (client: Client): Promise<void> => {
    const { rows } = await client.query<{ committed: number }>(countCommitted)
    const found = rows[0]?.committed ?? 0
    if (found <= committed) return
    committed = found
    movedAtMs = performance.now()
    moved()
  }
  const session = async (): Promise<void> => {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs })
    client.on('error', () => {})
    try {
      await client.connect()
      while (!ended.signal.aborted) {
        await look(client)
        await delay(pollMs)
      }
    } finally {
      void client.end().catch(() => {})
    }
  }
  const watching = (async () => {
    while (!ended.signal.aborted) {
      // the schema is not there yet, or the server is down
      await session().catch(() => delay(pollMs))
    }
  })()
  return {
    committed: () => committed,
    movedAtMs: () => movedAtMs,
    [Symbol.asyncDispose]: async () => {
      ended.abort()
      await watching
    },
  }
}

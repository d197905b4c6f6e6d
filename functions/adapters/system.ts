import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { instant, revision, workerId } from '../domain/types.ts'
import type { Clock, Random } from '../engine/system.ts'

/** The process's own clock; intervals come from `process.hrtime`, which no one sets back. */
export const systemClock: Clock = {
  now: () => instant(new Date()),
  monotonicMs: () => Number(process.hrtime.bigint() / 1_000_000n),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
      if (signal?.aborted !== true) throw error
    })
  },
}

export const systemRandom: Random = {
  workerId: () => workerId(randomUUID()),
  revision: () => revision(randomUUID()),
  fraction: () => Math.random(),
}

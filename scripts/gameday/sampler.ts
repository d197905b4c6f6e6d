import type { EmbeddedCloud } from '../local/cloud.ts'
import type { Reading } from './readings.ts'

/** Samples what AWS itself would measure: queues and functions. */
export interface Sampler extends Disposable {
  readings(): readonly Reading[]
}

const everyMs = 200

/** Starts sampling; disposing ends it. */
export function startSampler(cloud: EmbeddedCloud): Sampler {
  const readings: Reading[] = []
  let before = cloud.functionCounts()
  const sample = (): void => {
    const atMs = Date.now()
    const now = cloud.functionCounts()
    const note = (metric: string, value: number) => value > 0 && readings.push({ metric, atMs, value })
    note('Errors', now.errors - before.errors)
    note('Throttles', now.throttles - before.throttles)
    note('dead-letters.ApproximateNumberOfMessagesVisible', cloud.deadLetters().length)
    note('audit-failures.ApproximateNumberOfMessagesVisible', cloud.auditFailures().length)
    const sent = cloud.queuedMessages().map(({ sentAtMs }) => sentAtMs)
    if (sent.length > 0) note('bundles.ApproximateAgeOfOldestMessage', (atMs - Math.min(...sent)) / 1000)
    before = now
  }
  const timer = setInterval(sample, everyMs)
  return {
    readings: () => {
      sample()
      return readings
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

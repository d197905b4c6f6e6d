import { setTimeout as delay } from 'node:timers/promises'

const pollMs = 20

/**
 * Tries a check until it passes, and fails as it failed last when time is up.
 *
 * @param check throws, rejects or answers false until what it looks for has happened
 * @param withinMs far more than it takes on a busy machine
 */
export async function eventually(check: () => unknown, withinMs = 30_000): Promise<void> {
  const until = performance.now() + withinMs
  for (;;) {
    const late = performance.now() >= until
    try {
      if ((await check()) !== false) return
      if (late) throw new Error(`did not happen within ${withinMs} ms: ${check}`)
    } catch (thrown) {
      if (late) throw thrown
    }
    await delay(pollMs)
  }
}

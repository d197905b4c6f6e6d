import { instant } from '../../functions/domain/types.ts'
import type { Clock } from '../../functions/engine/system.ts'

/** A clock whose time moves only when everything else waits. */
export interface VirtualClock extends Clock {
  /** Moves the wall clock alone, as an administrator or a bad NTP server does. */
  skew(ms: number): void
}

interface Timer {
  readonly atMs: number
  readonly wake: () => void
}

/**
 * Makes a virtual clock: a sleeper is woken as soon as nothing but sleepers is left, so tests wait for nothing and yet see
 * heartbeats and polls in the order of their times. Ports in memory answer in microtasks, all of which run before time moves.
 */
export function virtualClock(startMs = Date.parse('2026-01-01T00:00:00Z')): VirtualClock {
  const timers = new Set<Timer>()
  let elapsedMs = 0
  let skewMs = 0
  let moving = false

  const earliest = (): Timer | undefined =>
    [...timers].reduce<Timer | undefined>(
      (first, timer) => (first === undefined || timer.atMs < first.atMs ? timer : first),
      undefined,
    )

  const move = (): void => {
    moving = false
    const next = earliest()
    if (next === undefined) return
    timers.delete(next)
    elapsedMs = Math.max(elapsedMs, next.atMs)
    next.wake()
    schedule()
  }

  const schedule = (): void => {
    if (moving || timers.size === 0) return
    moving = true
    setImmediate(move)
  }

  return {
    now: () => instant(new Date(startMs + elapsedMs + skewMs)),
    monotonicMs: () => elapsedMs,
    skew: (ms) => {
      skewMs += ms
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        const timer: Timer = { atMs: elapsedMs + ms, wake: resolve }
        timers.add(timer)
        signal?.addEventListener('abort', () => timers.delete(timer) && resolve(), { once: true })
        schedule()
      }),
  }
}

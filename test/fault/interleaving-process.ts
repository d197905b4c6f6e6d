import { instant, revision, workerId } from '../../functions/domain/types.ts'
import type { Clock, Random } from '../../functions/engine/system.ts'
import type { EventQueue } from '../support/event-queue.ts'
import { type Choices, seededChoices } from '../support/seeded-choices.ts'

/** One process of a front or a runner: its own clock, its own ids; it may pause for any time, and die. */
export interface Process {
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  isAlive(): boolean
  /** Goes on in this process so many ms from now, or when its pause is over; never after its death. */
  wake(ms: number, act: () => void): { cancel(): void }
  /** As `wake`, awaited. */
  turn(ms: number): Promise<void>
  /** Stops the process for so long; its clock may stand still meanwhile, as that of a frozen environment does. */
  pause(ms: number, clock: 'runs' | 'stands'): void
  crash(): void
  onDeath(act: () => void): void
}

const startMs = Date.parse('2026-01-01T00:00:00Z')
const longestSkewMs = 10 * 60 * 1000

/** Makes a process whose wall clock is up to ten minutes wrong. */
export function simulatedProcess(name: string, events: EventQueue, choices: Choices): Process {
  const skewMs = choices.between(-longestSkewMs, longestSkewMs)
  const bootedMs = choices.between(0, 1e6)
  const own = seededChoices(Math.floor(choices.fraction() * 2 ** 31))
  const mourners: (() => void)[] = []
  let isAlive = true
  let resumesAtMs = 0
  let stoodMs = 0
  let readMs = 0
  let names = 0

  const wake = (ms: number, act: () => void) => {
    let waiting = events.at(events.nowMs() + ms, function due() {
      if (!isAlive) return
      if (resumesAtMs <= events.nowMs()) return act()
      waiting = events.at(resumesAtMs, due)
    })
    return { cancel: () => waiting.cancel() }
  }
  const monotonicMs = (): number => {
    readMs = Math.max(readMs, bootedMs + events.nowMs() - stoodMs)
    return readMs
  }
  const clock: Clock = {
    now: () => instant(new Date(startMs + skewMs + events.nowMs())),
    monotonicMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        const waiting = wake(ms, resolve)
        const abort = () => {
          waiting.cancel()
          resolve()
        }
        signal?.addEventListener('abort', abort, { once: true })
      }),
  }
  return {
    name,
    clock,
    random: {
      workerId: () => workerId(`${name}.${++names}`),
      revision: () => revision(`${name}.${++names}`),
      fraction: own.fraction,
    },
    isAlive: () => isAlive,
    wake,
    turn: (ms) => new Promise((resolve) => void wake(ms, resolve)),
    pause(ms, kind) {
      const until = Math.max(resumesAtMs, events.nowMs() + ms)
      if (kind === 'stands') stoodMs += until - Math.max(resumesAtMs, events.nowMs())
      resumesAtMs = until
    },
    crash() {
      if (!isAlive) return
      isAlive = false
      for (const mourn of mourners) mourn()
    },
    onDeath: (act) => void mourners.push(act),
  }
}

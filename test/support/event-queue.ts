/** What happens in a simulated world, in the order of its virtual time. */
export interface EventQueue {
  nowMs(): number
  /** Lets something happen at a time; what is due at the same time happens in the order of its scheduling. */
  at(ms: number, act: () => void): ScheduledEvent
  /** Lets events happen, one by one, until none is left. @throws Error after `mostEvents`, since a world must come to rest */
  run(afterEach: () => void): Promise<void>
}

export interface ScheduledEvent {
  cancel(): void
}

interface Due {
  readonly ms: number
  readonly act: () => void
}

/** Makes an empty queue. Everything that follows from an event in microtasks is over before the next one happens. */
export function eventQueue(mostEvents: number): EventQueue {
  let due: Due[] = []
  let elapsedMs = 0
  let happened = 0

  const takeEarliest = (): Due | undefined => {
    const first = due.reduce<Due | undefined>(
      (least, event) => (least && least.ms <= event.ms ? least : event),
      undefined,
    )
    due = due.filter((event) => event !== first)
    return first
  }

  return {
    nowMs: () => elapsedMs,
    at(ms, act) {
      const event = { ms: Math.max(ms, elapsedMs), act }
      due.push(event)
      return {
        cancel: () => {
          due = due.filter((other) => other !== event)
        },
      }
    },
    async run(afterEach) {
      for (let event = takeEarliest(); event !== undefined; event = takeEarliest()) {
        happened += 1
        if (happened > mostEvents) throw new Error(`still not at rest after ${mostEvents} events`)
        elapsedMs = event.ms
        event.act()
        await new Promise((resolve) => setImmediate(resolve))
        afterEach()
      }
    },
  }
}

import { loadSqlParser } from '../../functions/adapters/libpg-parser.ts'
import type { TargetSettings } from '../../functions/domain/settings.ts'
import { instant } from '../../functions/domain/types.ts'
import { type EventQueue, eventQueue } from '../support/event-queue.ts'
import { type MemoryControl, memoryControl } from '../support/memory-control.ts'
import { type MemoryDatabase, memoryDatabase } from '../support/memory-database.ts'
import type { MemorySession } from '../support/memory-steps.ts'
import { type Choices, seededChoices } from '../support/seeded-choices.ts'
import { targetSettings } from '../support/target-settings.ts'
import type { Pushables } from './interleaving-bundles.ts'
import { type Fault, type Faults, seededFaults } from './interleaving-faults.ts'

/** What all processes of a seed share: the stores, their true time, and the source of every decision. */
export interface World {
  readonly seed: number
  readonly events: EventQueue
  readonly choices: Choices
  readonly faults: Faults
  readonly settings: TargetSettings
  readonly control: MemoryControl
  readonly database: MemoryDatabase
  readonly pushables: Pushables
  /** What happened, a line each. */
  readonly trace: string[]
  tell(who: string, what: string): void
  /** Lets a fault happen that is not the calling process's own. */
  strike(fault: Fault): void
  /** Backends in the middle of a statement that runs alone, by pid. */
  readonly alone: Set<number>
  /** Backends whose advisory lock does not keep others out any more, by pid. */
  readonly lockless: Set<number>
  /** When rows came last into what a way back would take away, in true ms, by what is said of the loss. */
  readonly filledAt: Map<string, number>
}

export const parse = await loadSqlParser()

const startMs = Date.parse('2026-01-01T00:00:00Z')
/** Far above what any seed needs. */
const mostEvents = 200_000

export type WorldParts = Pick<World, 'seed' | 'pushables'> & { readonly without: ReadonlySet<string> }

/** Makes the world of a seed, with one declared target and nothing in it. */
export function makeWorld({ seed, pushables, without }: WorldParts, strike: World['strike']): World {
  const choices = seededChoices(seed)
  const events = eventQueue(mostEvents)
  const serverClock = {
    now: () => instant(new Date(startMs + events.nowMs())),
    monotonicMs: events.nowMs,
    sleep: (ms: number) => new Promise<void>((resolve) => void events.at(events.nowMs() + ms, resolve)),
  }
  const trace: string[] = []
  const control = memoryControl(serverClock)
  const settings = targetSettings('shop')
  control.records(settings.target).settings = settings
  return {
    ...{ seed, events, choices, settings, control, pushables, trace, strike },
    faults: seededFaults(choices, without),
    database: memoryDatabase(serverClock),
    tell: (who, what) =>
      void trace.push(`${(events.nowMs() / 1000).toFixed(3).padStart(10)} s  ${who.padEnd(12)} ${what}`),
    alone: new Set(),
    lockless: new Set(),
    filledAt: new Map(),
  }
}

export const dataOf = ({ database, settings }: World) => database.data(settings.connection.database)
export const recordsOf = ({ control, settings }: World) => control.records(settings.target)
export const sessionsOf = ({ database, settings }: World): readonly MemorySession[] =>
  database.sessions(settings.connection.database)

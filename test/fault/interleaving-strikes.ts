import type { MemorySnapshot } from '../support/memory-control.ts'
import type { MemoryTargets } from '../support/memory-database.ts'
import type { Fault } from './interleaving-faults.ts'
import type { Fronts } from './interleaving-fronts.ts'
import type { Invariants } from './interleaving-invariants.ts'
import { dataOf, sessionsOf, type World } from './interleaving-world.ts'

/** What happens to the world as a whole. */
export interface Strikes {
  strike(fault: Fault): void
  /** Does what waited for its moment; called after each event. */
  settle(): void
  /** What was restored so far. */
  readonly restored: ReadonlySet<'target' | 'control'>
}

export interface StrikeParts {
  readonly world: World
  readonly fronts: Fronts
  readonly invariants: Invariants
}

export function makeStrikes({ world, fronts, invariants }: StrikeParts): Strikes {
  const { control, database, choices, lockless, alone, filledAt, tell } = world
  const targets: MemoryTargets[] = [database.snapshot()]
  const controls: MemorySnapshot[] = [control.snapshot()]
  const restored = new Set<'target' | 'control'>()

  const loseLock = (): void => {
    const holders = sessionsOf(world).filter(({ pid, holdsLock }) => holdsLock && !alone.has(pid))
    if (holders.length === 0) return
    const holder = choices.pick(holders)
    const forGood = choices.chance(0.3)
    tell('postgres', `the lock of pid ${holder.pid} (token ${holder.token}) is lost${forGood ? ' for good' : ''}`)
    if (forGood) holder.holdsLock = false
    else lockless.add(holder.pid)
  }
  const moveRows = (): void => {
    const { applied, rows } = dataOf(world)
    if (applied.size === 0) return
    const what = `drops table ${choices.pick([...applied.keys()]).slice(2)}`
    const count = (rows.get(what) ?? 0) > 0 ? 0 : 7
    rows.set(what, count)
    if (count > 0) filledAt.set(what, world.events.nowMs())
    tell('application', `what ${what} has ${count} rows to lose now`)
  }
  /** A lock that was lost, but not for good, is there again as soon as nobody else has it. */
  const giveLockBack = (): void => {
    const sessions = sessionsOf(world)
    if (sessions.some(({ holdsLock }) => holdsLock)) return
    const again = sessions.find(({ pid }) => lockless.has(pid))
    if (again !== undefined) again.holdsLock = true
  }

  return {
    restored,
    strike(fault) {
      switch (fault) {
        case 'lock-lost':
          return loseLock()
        case 'message-repeated':
          return fronts.repeat()
        case 'snapshot':
          targets.push(database.snapshot())
          controls.push(control.snapshot())
          return
        case 'target-restored':
          tell('operator', 'restores the target to an earlier time')
          database.kill([...sessionsOf(world)])
          database.restore(choices.pick(targets))
          filledAt.clear()
          restored.add('target')
          return invariants.forget('target')
        case 'control-restored':
          tell('operator', 'restores the control table to an earlier time')
          control.restore(choices.pick(controls))
          restored.add('control')
          return invariants.forget('control')
        case 'rows-moved':
          return moveRows()
        default:
          throw new Error(`${fault} strikes a call, not the world`)
      }
    },
    settle() {
      if (lockless.size > 0) giveLockBack()
    },
  }
}

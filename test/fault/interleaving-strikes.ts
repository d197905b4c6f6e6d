import type { MemorySnapshot } from '../support/memory-control.ts'
import type { MemoryTargets } from '../support/memory-database.ts'
import type { Fault } from './interleaving-faults.ts'
import type { Fronts } from './interleaving-fronts.ts'
import type { Invariants } from './interleaving-invariants.ts'
import { rollBackNewest } from './interleaving-rollback.ts'
import { sessionsOf, type World } from './interleaving-world.ts'

/** What happens to the world as a whole. */
export interface Strikes {
  strike(fault: Fault): void
  /** Does what waited for its moment; called after each event. */
  settle(): void
  /** Gives up what still waits. */
  end(): void
  /** What was restored so far. */
  readonly restored: ReadonlySet<'target' | 'control'>
}

export interface StrikeParts {
  readonly world: World
  readonly fronts: Fronts
  readonly invariants: Invariants
}

export function makeStrikes({ world, fronts, invariants }: StrikeParts): Strikes {
  const { control, database, choices, lockless, alone, tell } = world
  const targets: MemoryTargets[] = [database.snapshot()]
  const controls: MemorySnapshot[] = [control.snapshot()]
  const restored = new Set<'target' | 'control'>()
  let rollbacks = 0

  const loseLock = (): void => {
    const holders = sessionsOf(world).filter(({ pid, holdsLock }) => holdsLock && !alone.has(pid))
    if (holders.length === 0) return
    const holder = choices.pick(holders)
    const forGood = choices.chance(0.3)
    tell('postgres', `the lock of pid ${holder.pid} (token ${holder.token}) is lost${forGood ? ' for good' : ''}`)
    if (forGood) holder.holdsLock = false
    else lockless.add(holder.pid)
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
          restored.add('target')
          return invariants.forget('target')
        case 'control-restored':
          tell('operator', 'restores the control table to an earlier time')
          control.restore(choices.pick(controls))
          restored.add('control')
          return invariants.forget('control')
        case 'rolled-back':
          rollbacks += 1
          return
        default:
          throw new Error(`${fault} strikes a call, not the world`)
      }
    },
    end() {
      rollbacks = 0
    },
    settle() {
      if (lockless.size > 0) giveLockBack()
      if (rollbacks > 0 && rollBackNewest(world)) rollbacks -= 1
    },
  }
}

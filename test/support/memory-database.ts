import { compareBytes } from '../../functions/domain/byte-order.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import { compareReceiptKeys } from '../../functions/domain/receipt.ts'
import { type LossCount, showLoss } from '../../functions/domain/rollback-plan.ts'
import type { TargetSettings } from '../../functions/domain/settings.ts'
import type { Clock } from '../../functions/engine/system.ts'
import type { LockHolder, LockTry, TargetDatabase, TargetSession } from '../../functions/engine/target-database.ts'
import { type MemorySession, memorySteps } from './memory-steps.ts'
import { acceptFence, appliedAfter, emptyTarget, raiseFence, stateOf, type TargetData } from './memory-target.ts'

/** Databases in memory, by their names; a session of each sees what the others committed. */
export interface MemoryDatabase extends TargetDatabase {
  /** The committed data of a database, to look at and to change. */
  data(name: string): TargetData
  snapshot(): MemoryTargets
  /** Puts committed data back, as a restore does; sessions and locks live on. */
  restore(targets: MemoryTargets): void
  /** The sessions that are open on a database, oldest first. */
  sessions(name: string): readonly MemorySession[]
  /** Ends sessions as a crash of their process or the server does: whatever they do next fails, and their lock is free. */
  kill(sessions: readonly MemorySession[]): void
  /** Breaks the connection of the next commit, before it (nothing is there) or after it (only the answer is lost). */
  breakNextCommit(name: string, when: 'before' | 'after'): void
}

export type MemoryTargets = ReadonlyMap<string, TargetData>

/**
 * Makes databases in memory with the semantics of the one on PostgreSQL: both are held to one contract suite.
 *
 * SQL is not run: `told-outcomes.ts` says how a text tells its outcome. Every call takes effect before it returns its promise, except
 * that a text may take time on the clock.
 */
export function memoryDatabase(clock: Clock): MemoryDatabase {
  let targets = new Map<string, TargetData>()
  const open: MemorySession[] = []
  const breaks = new Map<string, 'before' | 'after'>()
  const runs = new Map<string, number>()
  let pid = 100

  const data = (name: string): TargetData => {
    const known = targets.get(name) ?? emptyTarget()
    targets.set(name, known)
    return known
  }
  const end = (session: MemorySession): void => {
    session.isOpen = false
    session.holdsLock = false
    if (open.includes(session)) open.splice(open.indexOf(session), 1)
  }
  const takeBreak = (name: string): 'before' | 'after' | undefined => {
    const when = breaks.get(name)
    breaks.delete(name)
    return when
  }

  return {
    data,
    snapshot: () => structuredClone(targets),
    restore: (snapshot) => {
      targets = new Map(structuredClone(snapshot))
    },
    sessions: (name) => open.filter(({ database }) => database === name),
    kill: (sessions) => {
      for (const session of sessions) end(session)
    },
    breakNextCommit: (name, when) => breaks.set(name, when),

    connect: async (settings, token) => {
      const database = settings.connection.database
      pid += 1
      const session: MemorySession = {
        ...{ pid, database, token, isOpen: true, holdsLock: false, state: 'idle', startedMs: clock.monotonicMs() },
        startedAt: `${clock.now()}#${pid}`,
        applicationName: `lockstep:${settings.target}:${token}`,
      }
      open.push(session)
      const sharing = () => open.filter((other) => other.database === database)
      const dataOf = () => data(database)
      const server = leavable(() => end(session))
      return {
        ...lockCalls(session, { settings, sharing, end }),
        leave: server.leave,
        [Symbol.asyncDispose]: async () => server.close(),
        interrupt: async () => end(session),
        ...inTurns(
          {
            ...dataCalls(session, dataOf),
            ...memorySteps({
              clock,
              session,
              runs,
              data: dataOf,
              takeBreak: () => takeBreak(database),
              end: () => end(session),
            }),
          },
          server.answering,
        ),
      }
    },
  }
}

interface LockParts {
  readonly settings: TargetSettings
  readonly sharing: () => readonly MemorySession[]
  readonly end: (session: MemorySession) => void
}

type LockCalls = Pick<TargetSession, 'backend' | 'tryLock' | 'terminate'>

const lockCalls = (session: MemorySession, { settings, sharing, end }: LockParts): LockCalls => ({
  backend: { pid: session.pid, startedAt: session.startedAt },
  tryLock: async (): Promise<LockTry> => {
    mustBeOpen(session)
    const holder = sharing().find(({ holdsLock }) => holdsLock)
    if (holder !== undefined && holder !== session) return { granted: false, holder: asHolder(holder, settings) }
    session.holdsLock = true
    return { granted: true }
  },
  terminate: async ({ pid, startedAt }) => {
    mustBeOpen(session)
    const found = sharing().find((other) => other.pid === pid && other.startedAt === startedAt)
    if (found !== undefined) end(found)
    return found !== undefined
  },
})

const asHolder = (session: MemorySession, { target }: TargetSettings): LockHolder => {
  const { pid, startedAt, applicationName, state, token } = session
  const isOurs = applicationName.startsWith(`lockstep:${target}:`)
  return { pid, startedAt, applicationName, state, ...(isOurs && { token }) }
}

type DataCalls = Pick<
  TargetSession,
  | 'keptTables'
  | 'dropKept'
  | 'ensureSchema'
  | 'raiseFence'
  | 'readFences'
  | 'acceptFence'
  | 'readState'
  | 'appliedAfter'
  | 'countLosses'
  | 'receiptsAfter'
  | 'invalidIndexes'
>

const dataCalls = (session: MemorySession, data: () => TargetData): DataCalls => ({
  ensureSchema: async () => {
    mustBeOpen(session)
    data().hasSchema = true
  },
  raiseFence: async (lease, firstAttach) => {
    mustBeOpen(session)
    return raiseFence(data(), lease, firstAttach)
  },
  readFences: async () => {
    mustBeOpen(session)
    return [...data().fences]
      .map(([target, { token }]) => ({ target, token }))
      .sort((a, b) => compareBytes(a.target, b.target))
  },
  acceptFence: async (lease) => {
    mustBeOpen(session)
    acceptFence(data(), lease)
  },
  readState: async () => {
    mustBeOpen(session)
    return structuredClone(stateOf(data()))
  },
  countLosses: async (losses) => {
    mustBeOpen(session)
    return losses.map((loss): LossCount => {
      const rows = data().rows.get(showLoss(loss))
      if (loss.kind === 'other') return { kind: 'unknown' }
      return rows === undefined ? { kind: 'absent' } : { kind: 'counted', rows }
    })
  },
  invalidIndexes: async () => {
    mustBeOpen(session)
    return [...data().invalidIndexes]
  },
  appliedAfter: async (floor) => {
    mustBeOpen(session)
    return structuredClone(appliedAfter(data(), floor))
  },
  keptTables: async () => {
    mustBeOpen(session)
    return structuredClone(data().kept)
  },
  dropKept: async (names, agree) => {
    mustBeOpen(session)
    if (!session.holdsLock) throw new LockstepError('LOCK_RELEASED', 'the session does not hold its advisory lock')
    const decision = await agree()
    if (decision === 'commit') data().kept = data().kept.filter(({ name }) => !names.includes(name))
    return decision
  },
  receiptsAfter: async (key, limit) => {
    mustBeOpen(session)
    const later = data().receipts.filter((receipt) => key === null || compareReceiptKeys(receipt.key, key) > 0)
    return structuredClone(later.slice(0, limit))
  },
})

/** A server that works on when its client leaves: what it was sent takes effect, then the session ends; no answer comes. */
const leavable = (end: () => void) => {
  const { promise: left, resolve: leave } = Promise.withResolvers<'left'>()
  let atWork = 0
  let isLeft = false
  const endWhenIdle = (): void => {
    if (isLeft && atWork === 0) end()
  }
  return {
    leave: (): void => {
      isLeft = true
      leave('left')
      endWhenIdle()
    },
    /** Ends the session now, unless it was left: then it ends when its work does. */
    close: (): void => {
      if (!isLeft) end()
    },
    answering: async <T>(call: () => Promise<T>): Promise<T> => {
      atWork += 1
      const work = call().finally(() => {
        atWork -= 1
        endWhenIdle()
      })
      work.catch(() => {})
      const first = await Promise.race([work.then((value) => ({ value })), left])
      if (first !== 'left') return first.value
      throw new LockstepError('TARGET_UNREACHABLE', 'the session was left')
    },
  }
}

/** Lets calls take turns, as those over one connection do. */
const inTurns = <Calls extends Record<keyof Calls, (...args: never[]) => Promise<unknown>>>(
  calls: Calls,
  answering: <T>(call: () => Promise<T>) => Promise<T>,
): Calls => {
  let last: Promise<unknown> = Promise.resolve()
  const inTurn =
    (call: (...args: never[]) => Promise<unknown>) =>
    (...args: never[]) => {
      const turn = last.then(() => answering(() => call(...args)))
      last = turn.catch(() => {})
      return turn
    }
  const entries = Object.entries<(...args: never[]) => Promise<unknown>>(calls)
  return Object.fromEntries(entries.map(([name, call]) => [name, inTurn(call)])) as Calls
}

const mustBeOpen = ({ isOpen }: MemorySession): void => {
  if (!isOpen) throw new LockstepError('TARGET_UNREACHABLE', 'the session has ended')
}

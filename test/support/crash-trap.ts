import type { ErrorCode } from '../../functions/domain/error-table.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { Clock } from '../../functions/engine/system.ts'

/**
 * How a call goes wrong.
 *
 * ```
 *      ✗             port   before   the process dies, the call is never made
 *      ✗ ──call──▶   port   during   the process dies while the server is at work on the call
 *      ✗ ◀──answer── port   after    the call took effect, the process dies before it sees the answer
 *  error ◀──answer── port   lost     the call took effect, the process lives and is told of an infrastructure fault
 *  error             port   unsent   the call took no effect, the process lives and is told of an infrastructure fault
 * ```
 *
 * A process that dies leaves its connections: the server works on with what it was sent, and then ends them; with `-reset` it
 * learns of the death at once and rolls back.
 */
export const crashKinds = [
  'before',
  'before-reset',
  'during',
  'during-reset',
  'after',
  'after-reset',
  'lost',
  'unsent',
] as const
export type CrashKind = (typeof crashKinds)[number]

/** `port.method#k`, the k-th call of a method in a story, and how it goes wrong. */
export interface CrashPoint {
  readonly call: string
  readonly kind: CrashKind
}

/** A call that was made, and what can go wrong with it. */
export interface SeenCall {
  readonly call: string
  /** The caller expects that it may fail: what returns no promise, and what disposes, never does. */
  mayFail: boolean
  /** Its answer took a turn of the event loop, or longer. */
  lasts: boolean
  /** The process had something open, a database session for example, that its death ends. */
  readonly withConnection: boolean
}

export type Ending = 'works-on' | 'reset'

/** Something open that ends with its process: what a port returned and can be disposed of. */
export type Connection = AsyncDisposable

/** Counts the calls of a story and lets one of them go wrong. */
export interface Trap {
  readonly calls: readonly SeenCall[]
  hasFired(): boolean
  /** Makes a process: whatever it calls goes through its guards, until it dies. */
  process(): TrappedProcess
}

export interface TrappedProcess {
  /** Rejects when the process dies. */
  readonly died: Promise<never>
  /** Wraps a port, and what its methods return if that has methods of its own; `fault` is its infrastructure's error. */
  guard<T extends object>(port: string, object: T, fault: ErrorCode): T
  /** A clock on which a dead process sleeps for ever. */
  clock(clock: Clock): Clock
}

export class ProcessDied extends Error {
  override readonly name = 'ProcessDied'
}

const never = new Promise<never>(() => {})

/** Sets a trap. @param end ends a connection of a process that died, or one that broke */
export function setTrap(point: CrashPoint | undefined, end: (connection: Connection, how: Ending) => void): Trap {
  const calls: SeenCall[] = []
  const counts = new Map<string, number>()
  let hasFired = false

  const see = (name: string, withConnection: boolean): { seen: SeenCall; kind: CrashKind | undefined } => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    const seen = { call: `${name}#${count}`, mayFail: false, lasts: false, withConnection }
    calls.push(seen)
    const kind = seen.call === point?.call ? point.kind : undefined
    hasFired ||= kind !== undefined
    return { seen, kind }
  }

  return { calls, hasFired: () => hasFired, process: () => makeProcess(see, end) }
}

type See = (name: string, withConnection: boolean) => { seen: SeenCall; kind: CrashKind | undefined }

function makeProcess(see: See, end: (connection: Connection, how: Ending) => void): TrappedProcess {
  const open = new Set<Connection>()
  const { promise: died, reject } = Promise.withResolvers<never>()
  died.catch(() => {})
  let death: Ending | undefined

  const die = (how: Ending): Promise<never> => {
    death = how
    for (const connection of open) end(connection, how)
    reject(new ProcessDied())
    return never
  }

  const dieDuring = (answer: Promise<unknown>, how: Ending): Promise<never> => {
    answer.then(arrive, () => {})
    return nextTurn().then(() => die(how))
  }

  /** What comes back to a dead process is not seen; a connection that opens only now ends at once. */
  const arrive = <T>(value: T): T | Promise<never> => {
    if (isConnection(value) && death === undefined) open.add(value)
    if (death === undefined) return value
    if (isConnection(value)) end(value, death)
    return never
  }

  const guard = <T extends object>(port: string, object: T, fault: ErrorCode): T => {
    const unreachable = (name: string): Promise<never> => {
      if (isConnection(object)) end(object, 'works-on')
      return Promise.reject(new LockstepError(fault, `${name}: the connection broke`))
    }
    const call = (name: string, act: () => unknown): unknown => {
      if (death !== undefined) return never
      const { seen, kind } = see(name, open.size > 0)
      if (kind === 'before' || kind === 'before-reset') return die(endingOf(kind))
      if (kind === 'unsent') return unreachable(name)
      const answer = act()
      if (!(answer instanceof Promise)) return kind === undefined ? answer : die(endingOf(kind))
      seen.mayFail = !name.endsWith('.dispose')
      seeWhetherLasts(seen, answer)
      if (kind === 'during' || kind === 'during-reset') return dieDuring(answer, endingOf(kind))
      if (kind === undefined) return answer.then((value) => arrive(value), failUnlessDead)
      const lose = kind === 'lost' ? () => unreachable(name) : () => die(endingOf(kind))
      return answer.then((value) => {
        if (isConnection(value)) end(value, kind === 'after-reset' ? 'reset' : 'works-on')
        return lose()
      }, lose)
    }
    const failUnlessDead = (error: unknown): Promise<never> => (death === undefined ? Promise.reject(error) : never)

    return new Proxy(object, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key, target)
        if (typeof member !== 'function') return member
        const method = key === Symbol.asyncDispose ? 'dispose' : String(key)
        return (...args: unknown[]) => {
          const answer = call(`${port}.${method}`, () => member.apply(target, args))
          return answer instanceof Promise ? answer.then((value) => guardAnswer(method, value, fault)) : answer
        }
      },
    })
  }
  const guardAnswer = (method: string, value: unknown, fault: ErrorCode): unknown =>
    isConnection(value) ? guard(answerNames[method] ?? method, value, fault) : value

  return {
    died,
    guard,
    clock: (clock) => ({
      now: clock.now,
      monotonicMs: clock.monotonicMs,
      sleep: (ms, signal) => clock.sleep(ms, signal).then(() => (death === undefined ? undefined : never)),
    }),
  }
}

/** What a method opens has a better name than the method. */
const answerNames: Readonly<Record<string, string>> = { connect: 'session' }

const isConnection = (value: unknown): value is Connection =>
  typeof value === 'object' && value !== null && Symbol.asyncDispose in value

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const seeWhetherLasts = (seen: SeenCall, answer: Promise<unknown>): void => {
  let isSettled = false
  const settle = (): void => {
    isSettled = true
  }
  answer.then(settle, settle)
  setImmediate(() => {
    seen.lasts = !isSettled
  })
}

const endingOf = (kind: CrashKind): Ending => (kind.endsWith('-reset') ? 'reset' : 'works-on')

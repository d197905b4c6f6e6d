import type { Instant, Revision, TargetName, WorkerId } from '../domain/types.ts'

/** Time as this process sees it. */
export interface Clock {
  now(): Instant
  /** Milliseconds that only grow; for intervals. */
  monotonicMs(): number
  /** Waits; an aborted wait returns early and does not throw. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export interface Random {
  workerId(): WorkerId
  revision(): Revision
  /** In [0, 1). */
  fraction(): number
}

/** How much of the invocation is left; at zero the slice has to be over. */
export interface Deadline {
  remainingMs(): number
}

/** Structured log lines; the edge gives them their context. */
export interface Log {
  info(message: string, data?: Readonly<Record<string, unknown>>): void
  warn(message: string, data?: Readonly<Record<string, unknown>>): void
}

/**
 * What a slice sees and no audit event tells.
 *
 * - `lease-waited`: from the run's making until now, when it gets its first lease or is sent back without one, in ms
 * - `heartbeat-failed`: a heartbeat that got no answer, although it was repeated
 * - `overtaken`: work that was turned away, by the fence or by LOCK, since another has the lease
 */
export type Observation = 'lease-waited' | 'heartbeat-failed' | 'overtaken'

/** Takes what is measured; the edge makes metrics of it. Never throws. */
export type Observe = (target: TargetName, what: Observation, value: number) => void

import type { Instant, Revision, WorkerId } from '../domain/types.ts'

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

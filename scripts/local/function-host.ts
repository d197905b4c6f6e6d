import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { openFunctionPool, type PoolOptions } from './function-pool.ts'
import type { HostedFunction } from './function-variables.ts'
import { failedResult, type InvocationResult } from './runtime-api.ts'

/** Runs the functions' artefacts, each environment in a process of its own. */
export interface FunctionHost {
  has(name: string): boolean
  /** Runs a function once, in a warm process or a new one; waits while all that it may have are busy. Never throws. */
  invoke(name: string, payload: string, qualifier?: string): Promise<Invoked>
  /** Starts a process ahead of the first invocation. */
  warm(name: string): Promise<void>
  processes(): readonly FunctionProcess[]
  /** Lets nobody start a function, as a concurrency of 0 does, or everybody again. */
  setConcurrency(name: string, allowed: 'none' | 'any'): void
  /** What Lambda would have counted of all functions since the start. */
  counts(): FunctionCounts
  /** Kills all processes: what runs, waits or comes later ends with an error. Idempotent. */
  stop(): Promise<void>
}

export interface Invoked extends InvocationResult {
  readonly requestId: string
  /** Present when the function was not allowed to start. */
  readonly throttled?: true
}

export interface FunctionCounts {
  /** Invocations that crashed, threw or ran out of time. */
  readonly errors: number
  /** Invocations that were not allowed to start. */
  readonly throttles: number
}

export interface FunctionProcess {
  readonly name: string
  readonly pid: number
  readonly busy: boolean
}

/** Opens the host; processes start when they are needed. */
export function openFunctionHost(functions: readonly HostedFunction[], options: PoolOptions): FunctionHost {
  mkdirSync(options.logDir, { recursive: true })
  mkdirSync(options.cacheDir, { recursive: true })
  const pools = new Map(functions.map((hosted) => [hosted.name, openFunctionPool(hosted, options)]))
  const closed = new Set<string>()
  const counted = { errors: 0, throttles: 0 }
  return {
    has: (name) => pools.has(name),
    setConcurrency: (name, allowed) => void (allowed === 'none' ? closed.add(name) : closed.delete(name)),
    counts: () => ({ ...counted }),
    async invoke(name, payload, qualifier) {
      const requestId = randomUUID()
      if (closed.has(name)) {
        counted.throttles += 1
        return { requestId, throttled: true, ...failedResult('TooManyRequestsException', 'Rate Exceeded.') }
      }
      const result = await pools.get(name)?.run({ requestId, payload, ...(qualifier !== undefined && { qualifier }) })
      if (result?.functionError !== undefined) counted.errors += 1
      return { requestId, ...(result ?? failedResult('ResourceNotFoundException', `Function not found: ${name}`)) }
    },
    warm: async (name) => pools.get(name)?.warm(),
    processes: () => [...pools].flatMap(([name, pool]) => pool.processes().map((process) => ({ name, ...process }))),
    async stop() {
      await Promise.all([...pools.values()].map((pool) => pool.stop()))
    },
  }
}

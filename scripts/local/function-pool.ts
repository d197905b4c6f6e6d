import { join } from 'node:path'
import { type FunctionEnvironment, startEnvironment } from './function-environment.ts'
import type { HostedFunction } from './function-variables.ts'
import { failedResult, type Invocation, type InvocationResult } from './runtime-api.ts'

/** The processes of one function: warm ones are used again, and no more than `concurrency` run at the same time. */
export interface FunctionPool {
  /** Waits for its turn, then runs the function once. Never throws. */
  run(invocation: Invocation): Promise<InvocationResult>
  /** Starts a process ahead of the first invocation. */
  warm(): Promise<void>
  processes(): readonly { readonly pid: number; readonly busy: boolean }[]
  /** Kills all processes: what runs, waits or comes later ends with an error. Idempotent. */
  stop(): Promise<void>
}

export interface PoolOptions {
  /** Holds one file a function: `<name>.log`. */
  readonly logDir: string
  readonly cacheDir: string
  readonly concurrency: number
  /** How long an idle process is kept, in milliseconds. */
  readonly idleMs: number
  /** Told of each process that was started. */
  readonly onProcess: (name: string, pid: number) => void
}

export function openFunctionPool(hosted: HostedFunction, options: PoolOptions): FunctionPool {
  const all = new Set<FunctionEnvironment>()
  /** Each with the timer that ends it. */
  const idle = new Map<FunctionEnvironment, NodeJS.Timeout>()
  const slots = openSlots(options.concurrency)
  let stopping = false

  const start = async (): Promise<FunctionEnvironment> => {
    if (stopping) throw new Error('the embedded cloud is stopping')
    const files = { logFile: join(options.logDir, `${hosted.name}.log`), cacheDir: options.cacheDir }
    const environment = await startEnvironment(hosted, files)
    all.add(environment)
    void environment.ended.then(() => all.delete(environment))
    options.onProcess(hosted.name, environment.pid)
    if (stopping) await environment.end()
    return environment
  }
  const takeWarm = (): FunctionEnvironment | undefined => {
    for (const [environment, timer] of [...idle].reverse()) {
      idle.delete(environment)
      clearTimeout(timer)
      if (environment.isAlive()) return environment
    }
    return undefined
  }
  const keepWarm = (environment: FunctionEnvironment): void => {
    if (!environment.isAlive()) return
    const end = (): void => {
      idle.delete(environment)
      void environment.end()
    }
    idle.set(environment, setTimeout(end, options.idleMs).unref())
  }

  return {
    async run(invocation) {
      await slots.take()
      try {
        const environment = takeWarm() ?? (await start())
        const result = await environment.invoke(invocation)
        keepWarm(environment)
        return result
      } catch (thrown) {
        return failedResult('Runtime.StartError', `RequestId: ${invocation.requestId} Error: ${String(thrown)}`)
      } finally {
        slots.giveBack()
      }
    },
    warm: async () => keepWarm(await start()),
    processes: () => [...all].map((environment) => ({ pid: environment.pid, busy: !idle.has(environment) })),
    async stop() {
      stopping = true
      for (const timer of idle.values()) clearTimeout(timer)
      idle.clear()
      await Promise.all([...all].map((environment) => environment.end()))
    },
  }
}

const openSlots = (count: number) => {
  let free = count
  const waiting: (() => void)[] = []
  return {
    async take(): Promise<void> {
      if (free === 0) return await new Promise((resolve) => waiting.push(resolve))
      free -= 1
    },
    giveBack(): void {
      const next = waiting.shift()
      if (next === undefined) free += 1
      else next()
    },
  }
}

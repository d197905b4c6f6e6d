import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { functionVariables, type HostedFunction } from './function-variables.ts'
import { functionArn } from './names.ts'
import { failedResult, type Invocation, type InvocationResult, startRuntimeApi } from './runtime-api.ts'

/** A process that runs one function, one invocation at a time. */
export interface FunctionEnvironment {
  readonly pid: number
  /** False from the moment when the process ended or was told to. */
  isAlive(): boolean
  /** Runs the handler once; a process that takes too long is killed. Never throws. */
  invoke(invocation: Invocation): Promise<InvocationResult>
  /** Settles when the process is gone. */
  readonly ended: Promise<void>
  /** Kills the process and waits until it is gone; idempotent, never throws. */
  end(): Promise<void>
}

export interface EnvironmentFiles {
  /** Receives what the function writes. */
  readonly logFile: string
  /** Keeps compiled code between processes. */
  readonly cacheDir: string
}

/**
 * Starts a process for a function. The process imports its handler and then asks for work, as in Lambda:
 *
 * ```
 * host                          process
 *  │ ── start ───────────────────▶ │  import index.mjs
 *  │ ◀── GET invocation/next ───── │
 *  │ ── event, deadline ─────────▶ │  handler(event, context)
 *  │ ◀── POST …/response|error ─── │  or: deadline → SIGKILL, exit → Runtime.ExitError
 * ```
 */
export async function startEnvironment(hosted: HostedFunction, files: EnvironmentFiles): Promise<FunctionEnvironment> {
  const api = await startRuntimeApi({
    functionArn: functionArn(hosted.name),
    timeoutMs: hosted.timeoutMs,
    initMs: initLimitMs,
  })
  const child = launch(hosted, api.address, files)
  let alive = true
  const ended = howItEnds(child).then(async (how) => {
    alive = false
    api.fail(how)
    await api.stop()
  })
  const end = async (): Promise<void> => {
    alive = false
    child.kill('SIGKILL')
    await ended
  }
  return {
    pid: child.pid ?? 0,
    isAlive: () => alive,
    ended,
    end,
    async invoke(invocation) {
      const result = await api.invoke(invocation)
      if (result !== 'timed-out') return result
      await end()
      return timeoutError(invocation, hosted.timeoutMs)
    },
  }
}

/** Lambda allows 10 s; a machine with two busy cores needs more. */
const initLimitMs = 30_000
const entry = fileURLToPath(new URL('./function-process.ts', import.meta.url))

const launch = (hosted: HostedFunction, runtimeApi: string, files: EnvironmentFiles): ChildProcess => {
  const log = openSync(files.logFile, 'a')
  // as Lambda's own runtime does, so that a handler meets its memory limit here too
  const heap = `--max-old-space-size=${Math.floor(hosted.memoryMiB * 0.9)}`
  try {
    return spawn(process.execPath, [heap, entry], {
      cwd: hosted.artefact,
      env: { ...functionVariables(hosted, runtimeApi), NODE_COMPILE_CACHE: files.cacheDir },
      stdio: ['pipe', log, log],
    })
  } finally {
    closeSync(log)
  }
}

const howItEnds = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal === null ? `exit status ${code}` : `signal: ${signal}`))
  })

const timeoutError = ({ requestId }: Invocation, timeoutMs: number): InvocationResult =>
  failedResult(
    'Sandbox.Timedout',
    `RequestId: ${requestId} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`,
  )

import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** A process that cannot be mistaken for another: pids are used again, pid and start time since boot are not. */
export interface ProcessIdentity {
  readonly pid: number
  /** Field 22 of `/proc/<pid>/stat`: clock ticks between boot and the process's start. */
  readonly startTime: string
  /** `/proc/sys/kernel/random/boot_id`: a start time means nothing after a reboot. */
  readonly bootId: string
}

/** Identifies a running process; undefined when there is none with this pid, or only its remains (a zombie). */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const fields = statFields(pid)
  const state = fields?.[0]
  const startTime = fields?.[19]
  if (startTime === undefined || state === 'Z' || state === 'X') return undefined
  return { pid, startTime, bootId: bootId() }
}

/** Tells whether exactly this process runs. */
export const isRunning = (identity: ProcessIdentity): boolean => {
  const found = identifyProcess(identity.pid)
  return found !== undefined && found.startTime === identity.startTime && found.bootId === identity.bootId
}

/**
 * Asks a process to end, waits, and kills it when it does not.
 *
 * Does nothing to another process that has the same pid by now; idempotent.
 *
 * @param graceMs how long it may take to end by itself, in milliseconds
 */
export async function endProcess(identity: ProcessIdentity, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  if (!sendSignal(identity, signal)) return
  if (await hasEnded(identity, graceMs)) return
  if (!sendSignal(identity, 'SIGKILL')) return
  await hasEnded(identity, killMs)
}

/** How long the kernel may take to end a killed process. */
const killMs = 2000
const pollMs = 10

/** Waits until a process is gone; false when it still runs after `withinMs`. */
export async function hasEnded(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs
  while (isRunning(identity)) {
    if (performance.now() >= until) return false
    await delay(pollMs)
  }
  return true
}

const sendSignal = (identity: ProcessIdentity, signal: NodeJS.Signals): boolean => {
  if (!isRunning(identity)) return false
  try {
    return process.kill(identity.pid, signal)
  } catch {
    return false
  }
}

/** The fields from the third on; the second is the command in parentheses, which may hold spaces and parentheses. */
const statFields = (pid: number): readonly string[] | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

import { appendFileSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { endProcess, identifyProcess, isRunning, type ProcessIdentity } from './process-identity.ts'

/** A list of every process that a cloud started, on disk, so that a killed cloud's orphans are found. */
export interface ProcessJournal {
  /** Notes a child that was just started. */
  note(name: string, pid: number, endWith: NodeJS.Signals): void
}

/** Opens the journal of a state folder, which exists. */
export const openJournal = (stateDir: string): ProcessJournal => ({
  note(name, pid, endWith) {
    const identity = identifyProcess(pid)
    if (identity === undefined) return
    appendFileSync(journalPath(stateDir), `${JSON.stringify({ name, ...identity, endWith })}\n`)
  },
})

/** Finds a process of the journal by its name; undefined when it does not run any more. */
export const findNoted = (stateDir: string, name: string): ProcessIdentity | undefined =>
  readJournal(stateDir).find((entry) => entry.name === name && isRunning(entry))

/**
 * Ends the processes of the journal that still run, those with the same pid *and* start time, and clears it; idempotent.
 *
 * @returns the names of those that had to be ended
 */
export async function endOrphans(stateDir: string): Promise<readonly string[]> {
  const orphans = readJournal(stateDir).filter(isRunning)
  await Promise.all(orphans.map((orphan) => endProcess(orphan, orphan.endWith, orphanGraceMs)))
  clearJournal(stateDir)
  return orphans.map((orphan) => orphan.name)
}

/** Forgets all processes, since all of them were ended. */
export const clearJournal = (stateDir: string): void => rmSync(journalPath(stateDir), { force: true })

/** PostgreSQL writes its checkpoint in this time; it recovers from its log when it does not. */
const orphanGraceMs = 5000

const journalPath = (stateDir: string): string => join(stateDir, 'processes.ndjson')

const journalEntry = z.object({
  name: z.string(),
  pid: z.int(),
  startTime: z.string(),
  bootId: z.string(),
  endWith: z.enum(['SIGINT', 'SIGTERM', 'SIGKILL']),
})

const readJournal = (stateDir: string): readonly z.infer<typeof journalEntry>[] => {
  try {
    return readFileSync(journalPath(stateDir), 'utf8').split('\n').flatMap(parseLine)
  } catch {
    return []
  }
}

/** A line torn by a power cut names a process that the cut ended too. */
const parseLine = (line: string): z.infer<typeof journalEntry>[] => {
  try {
    return [journalEntry.parse(JSON.parse(line))]
  } catch {
    return []
  }
}

import { isDeepStrictEqual } from 'node:util'
import type { AuditEvent } from '../../functions/domain/audit.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import type { AuditArchive, Tampering } from '../../functions/engine/archive.ts'

/** An archive of audit events in memory, with what was put there to look at. */
export interface MemoryArchive extends AuditArchive {
  readonly events: Map<string, AuditEvent>
  readonly evidence: Tampering[]
}

export function memoryArchive(): MemoryArchive {
  const events = new Map<string, AuditEvent>()
  const evidence: Tampering[] = []
  const keyOf = (target: TargetName, seq: number): string => `${target}/${seq}`
  return {
    events,
    evidence,
    async put(event) {
      const kept = events.get(keyOf(event.target, event.seq))
      if (kept !== undefined) return isDeepStrictEqual(kept, event) ? 'present' : 'forked'
      events.set(keyOf(event.target, event.seq), event)
      return 'written'
    },
    has: async (target, seq) => events.has(keyOf(target, seq)),
    seqs: async (target) =>
      [...events.values()]
        .filter((event) => event.target === target)
        .map(({ seq }) => seq)
        .sort((a, b) => a - b),
    async putEvidence(found) {
      if (!evidence.some((known) => isDeepStrictEqual(known, found))) evidence.push(found)
    },
  }
}

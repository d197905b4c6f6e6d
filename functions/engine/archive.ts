import type { AuditEvent } from '../domain/audit.ts'
import type { TargetName } from '../domain/types.ts'
import type { Log } from './system.ts'

/** Where audit events are kept for good: one object an event, never overwritten. */
export interface AuditArchive {
  /** `present` when this very event is archived already, `forked` when another one stands in its place. */
  put(event: AuditEvent): Promise<'written' | 'present' | 'forked'>
  /** Tells whether an event with this number is kept. */
  has(target: TargetName, seq: number): Promise<boolean>
  /** Lists the numbers of the events that are kept, in order. */
  seqs(target: TargetName): Promise<readonly number[]>
  /** Keeps what shows that the audit table was tampered with. */
  putEvidence(evidence: Tampering): Promise<void>
}

/** Tells the world of audit events; duplicates are harmless by their target and seq. */
export interface EventPublisher {
  publish(events: readonly PublishedEvent[]): Promise<void>
}

export interface PublishedEvent {
  /** For example `lockstep.migration.applied`. */
  readonly type: string
  readonly detail: Readonly<Record<string, unknown>>
}

/** A change of the audit table that may never happen: an event overwritten or removed. */
export interface Tampering {
  readonly target: TargetName
  readonly seq: number
  readonly change: 'MODIFY' | 'REMOVE'
  readonly before: unknown
  readonly after: unknown
}

/** A record of the audit table's stream. */
export type AuditChange =
  | { readonly kind: 'added'; readonly event: AuditEvent }
  | { readonly kind: 'tampered'; readonly tampering: Tampering }

export interface ArchivePorts {
  readonly archive: AuditArchive
  readonly publisher: EventPublisher
  readonly log: Log
}

/**
 * Archives and publishes one change; repeating it changes nothing.
 *
 * @returns `intact`, or `broken` when the trail was changed or another event stands in this one's place
 */
export async function archiveChange(ports: ArchivePorts, change: AuditChange): Promise<'intact' | 'broken'> {
  if (change.kind === 'tampered') return await report(ports, 'lockstep.audit.tampered', change.tampering)
  const { event } = change
  const put = await ports.archive.put(event)
  if (put === 'forked') {
    const { target, seq } = event
    return await report(ports, 'lockstep.audit.forked', { target, seq, change: 'MODIFY', before: null, after: event })
  }
  await ports.publisher.publish([{ type: `lockstep.${event.type}`, detail: { ...event } }])
  return 'intact'
}

/** Evidence first: the event may be published twice, but is never published without it. */
async function report(
  { archive, publisher, log }: ArchivePorts,
  type: string,
  tampering: Tampering,
): Promise<'broken'> {
  const { target, seq, change } = tampering
  log.warn('audit trail changed', { type, target, seq, change })
  await archive.putEvidence(tampering)
  await publisher.publish([{ type, detail: { target, seq, change } }])
  return 'broken'
}

import type { AuditEvent } from '../../functions/domain/audit.ts'
import { type ChainFault, type ChainPlace, type ChainVerdict, verifyChain } from '../../functions/domain/audit-chain.ts'
import { type Failure, LockstepError, toFailure } from '../../functions/domain/errors.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import type { AskStatus } from './ports.ts'

/** What walking a target's audit chain found. */
export interface AuditProof {
  readonly verdict: ChainVerdict
  /** How many events were read. */
  readonly events: number
  readonly head: ChainPlace
  /** AUDIT_BROKEN, when the chain is. */
  readonly failure?: Failure
}

/**
 * Reads all audit events of a target, page by page, and walks their chain up to the head.
 *
 * @throws LockstepError TARGET_UNKNOWN, AWS_UNREACHABLE, AWS_DENIED
 */
export async function proveAudit(ask: AskStatus, target: TargetName): Promise<AuditProof> {
  // The head comes first: events that are written meanwhile may follow it, but it must be among those read.
  const { chain: head } = await ask({ target })
  const events = await readEvents(ask, target)
  const verdict = verifyChain(events, head)
  if (verdict.intact) return { verdict, events: events.length, head: verdict.last }
  return { verdict, events: events.length, head, failure: brokenAt(verdict, events) }
}

const readEvents = async (ask: AskStatus, target: TargetName): Promise<AuditEvent[]> => {
  const events: AuditEvent[] = []
  for (;;) {
    const page = await ask({ target, eventsAfter: events.at(-1)?.seq ?? 0 })
    if (page.events.length === 0) return events
    events.push(...page.events)
  }
}

const faults: Readonly<Record<ChainFault, string>> = {
  changed: 'was changed after it was written',
  missing: 'is missing',
  'does-not-follow': 'does not follow the event before it',
}

const brokenAt = ({ seq, fault }: { seq: number; fault: ChainFault }, events: readonly AuditEvent[]): Failure => {
  const event = events.find((candidate) => candidate.seq === seq)
  const what = event === undefined ? '' : ` (${event.type} of ${event.run}, ${event.at})`
  return toFailure(new LockstepError('AUDIT_BROKEN', `audit event ${seq}${what} ${faults[fault]}`))
}

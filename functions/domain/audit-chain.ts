import type { AuditDraft, AuditEvent, Json } from './audit.ts'
import { canonicalJson } from './canonical-json.ts'
import { sha256 } from './checksum.ts'
import { LockstepError } from './errors.ts'
import type { CopiedReceipt } from './receipt.ts'
import type { ChainHead } from './records.ts'
import { instant, type Sha256, type TargetName, token } from './types.ts'

/** Where a chain ends: the last event's place and hash. */
export type ChainPlace = Pick<ChainHead, 'seq' | 'hash'>

/** The head of a chain without events: seq 0 and the hash of nothing. */
export const emptyChain: ChainHead = { seq: 0, hash: '0'.repeat(64) as Sha256, projected: null }

/**
 * Gives drafts their places behind a chain's head, each hashed over the one before it.
 *
 * Lone surrogates in the drafts become U+FFFD and undefined members are dropped, so that what is hashed is what can be stored.
 */
export function chainEvents(target: TargetName, head: ChainPlace, drafts: readonly AuditDraft[]): AuditEvent[] {
  const events: AuditEvent[] = []
  let last = head
  for (const draft of drafts) {
    const event = { ...storable(draft), target, seq: last.seq + 1, prevHash: last.hash }
    last = { seq: event.seq, hash: hashOf(event) }
    events.push({ ...event, hash: last.hash })
  }
  return events
}

/** What is wrong with an event: its content or hash, its absence, or its link to the one before it. */
export type ChainFault = 'changed' | 'missing' | 'does-not-follow'

export type ChainVerdict =
  | { readonly intact: true; readonly last: ChainPlace }
  | { readonly intact: false; readonly seq: number; readonly fault: ChainFault }

/**
 * Walks a chain from its first event and names the first one, if any, that was changed, is missing, or does not follow.
 *
 * @param events in the order of their seq, from 1
 * @param head the chain's head, read before the events: later events may follow it, but it must be among them. Without it, nothing
 *   tells of events missing at the end
 */
export function verifyChain(events: Iterable<AuditEvent>, head: ChainPlace = emptyChain): ChainVerdict {
  let last: ChainPlace = { seq: 0, hash: emptyChain.hash }
  for (const event of events) {
    const fault = faultOf(event, last)
    if (fault !== undefined) return { intact: false, seq: fault === 'missing' ? last.seq + 1 : event.seq, fault }
    // Rewritten together with its hash, and everything after it cut off or rewritten too: only the head can tell.
    if (event.seq === head.seq && event.hash !== head.hash) return { intact: false, seq: event.seq, fault: 'changed' }
    last = { seq: event.seq, hash: event.hash }
  }
  if (last.seq < head.seq) return { intact: false, seq: last.seq + 1, fault: 'missing' }
  return { intact: true, last }
}

/**
 * Follows the events beyond a chain's head, to where a chain that was restored to an earlier time has to go on.
 *
 * @returns the head as it would be, had the chain not been restored
 * @throws LockstepError AUDIT_BROKEN when an event was changed, is missing or does not follow
 */
export function followChain(head: ChainHead, events: Iterable<AuditEvent>): ChainHead {
  let last = head
  for (const event of events) {
    const fault = faultOf(event, last)
    if (fault !== undefined)
      throw new LockstepError('AUDIT_BROKEN', `audit event ${event.seq} of ${event.target} is ${fault}`)
    last = { seq: event.seq, hash: event.hash, projected: projectedAfter(event, last.projected) }
  }
  return last
}

/** AUDIT_BROKEN by an event beyond the chain's end: the control table was restored without the audit table, or an event was forged. */
export const chainEndsEarly = (target: TargetName, { seq }: ChainPlace): LockstepError => {
  const message = `the audit table of ${target} has events beyond seq ${seq}, where the control table's chain ends`
  return new LockstepError('AUDIT_BROKEN', message, { hint: restoredHint })
}

const restoredHint =
  'if the control table was restored, `lockstep unlock --accept-database` lets the chain go on where the audit table ends; ' +
  'if not, keep both tables as they are and see "Audit" in docs/architecture.md'

/** How far the receipts were copied, once this event was told. */
function projectedAfter(
  { type, at, token: ofToken, data }: AuditEvent,
  before: CopiedReceipt | null,
): CopiedReceipt | null {
  if (type === 'lock.database-accepted') return keyIn(data.projected)
  const tellsReceipt = type === 'migration.applied' || type === 'migration.reverted' || type === 'migration.failed'
  if (!tellsReceipt || ofToken === undefined || typeof data.n !== 'number') return before
  return { token: ofToken, n: data.n, at }
}

function keyIn(value: Json | undefined): CopiedReceipt | null {
  if (typeof value !== 'object' || value === null || isList(value)) return null
  const { token: ofToken, n, at } = value
  if (typeof ofToken !== 'number' || typeof n !== 'number' || typeof at !== 'string') return null
  return { token: token(ofToken), n, at: instant(new Date(at)) }
}

function faultOf(event: AuditEvent, last: ChainPlace): ChainFault | undefined {
  if (event.seq > last.seq + 1) return 'missing'
  if (event.seq <= last.seq) return 'does-not-follow'
  if (hashOf(event) !== event.hash) return 'changed'
  return event.prevHash === last.hash ? undefined : 'does-not-follow'
}

/** `hash = sha256(prevHash ‖ canonical JSON of all but hash)`. */
function hashOf(event: Omit<AuditEvent, 'hash'> & { readonly hash?: Sha256 }): Sha256 {
  const { hash: _, ...content } = event
  return sha256(event.prevHash + canonicalJson(content))
}

const storable = (draft: AuditDraft): AuditDraft => ({
  type: draft.type,
  at: draft.at,
  run: draft.run,
  actor: draft.actor.toWellFormed(),
  ...(draft.token !== undefined && { token: draft.token }),
  data: storableMembers(draft.data),
})

function storableJson(value: Json): Json {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value !== 'object' || value === null) return value
  return isList(value) ? value.map(storableJson) : storableMembers(value)
}

function storableMembers(members: AuditDraft['data']): AuditDraft['data'] {
  const kept = Object.entries(members).flatMap(([key, member]): [string, Json][] =>
    member === undefined ? [] : [[key.toWellFormed(), storableJson(member)]],
  )
  return Object.fromEntries(kept)
}

/** `Array.isArray` does not narrow a readonly array. */
const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

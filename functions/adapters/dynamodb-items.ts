import type { AuditEvent, AuditType } from '../domain/audit.ts'
import { LockstepError } from '../domain/errors.ts'
import type { ChainHead, DetachedStep, LedgerEntry, LockRecord, RunRecord, RunState } from '../domain/records.ts'
import {
  isTargetName,
  type MigrationName,
  migrationName,
  type RunId,
  revision,
  runId,
  type Sha256,
  type TargetName,
  workerId,
} from '../domain/types.ts'
import type { AuditChange } from '../engine/archive.ts'
import { type FieldReader, type Fields, type Guard, isFields, optional, readFields } from './dynamodb-fields.ts'
import { fitFailure } from './dynamodb-fit.ts'
import {
  isJsonMap,
  toActor,
  toBackend,
  toCopied,
  toFailure,
  toNotice,
  toReceiptKey,
  toWork,
} from './dynamodb-values.ts'

/**
 * What lies in the two tables.
 *
 * | item | pk | sk | written by |
 * |---|---|---|---|
 * | LOCK | `T#<target>` | `LOCK` | transitions and heartbeats; never deleted, its token only grows |
 * | CHAIN | `T#<target>` | `CHAIN` | whatever appends events: a compare-and-swap |
 * | RUN | `T#<target>` | `RUN#<id>` | counters and transitions; alone has `createdAt`, by which the local index lists runs |
 * | MIG | `T#<target>` | `MIG#<migration>` | projection |
 * | DONE | `T#<target>` | `DONE#<digest>` | the release of a run that succeeded with that bundle; never deleted |
 * | SETTINGS | `TARGET#<target>` | `SETTINGS` | the deploy; the functions are denied writes there |
 * | event (audit table) | `T#<target>` | `A#<seq, 12 digits>` | put once, in the transaction that moves CHAIN |
 */
export interface Key {
  readonly pk: string
  readonly sk: string
}

const runPrefix = 'RUN#'
export const migrationPrefix = 'MIG#'
const eventPrefix = 'A#'
const seqDigits = 12

export const partition = (target: TargetName): string => `T#${target}`
export const lockKey = (target: TargetName): Key => ({ pk: partition(target), sk: 'LOCK' })
export const chainKey = (target: TargetName): Key => ({ pk: partition(target), sk: 'CHAIN' })
export const runKey = (target: TargetName, run: RunId): Key => ({ pk: partition(target), sk: runPrefix + run })
export const migrationKey = (target: TargetName, migration: MigrationName): Key => ({
  pk: partition(target),
  sk: migrationPrefix + migration,
})
/** Its being there says all; the rest is for people. */
export const doneKey = (target: TargetName, bundle: Sha256): Key => ({ pk: partition(target), sk: `DONE#${bundle}` })
export const settingsKey = (target: TargetName): Key => ({ pk: `TARGET#${target}`, sk: 'SETTINGS' })
/** Padded with zeros, so that events sort by their seq. */
export const eventKey = (target: TargetName, seq: number): Key => ({
  pk: partition(target),
  sk: eventPrefix + String(seq).padStart(seqDigits, '0'),
})

/** Writes a MIG item; target and migration are in its key. */
export const entryItem = (target: TargetName, { migration, ...entry }: LedgerEntry): Fields => ({
  ...migrationKey(target, migration),
  ...entry,
  ...(entry.failure !== undefined && { failure: fitFailure(entry.failure) }),
})

/** Writes an audit item; target and seq are in its key. */
export const eventItem = ({ target, seq, ...event }: AuditEvent): Fields => ({ ...eventKey(target, seq), ...event })

/** Reads a LOCK item. @throws LockstepError INTERNAL when it is not one; so do the others */
export function toLock(item: Fields): LockRecord {
  const fields = readFields(item, 'LOCK item')
  return {
    target: targetOf(fields),
    lockState: fields.oneOf('lockState', ['FREE', 'HELD', 'PARKED', 'FREEZING', 'FROZEN']),
    token: fields.token('token'),
    revision: revision(fields.text('revision')),
    leaseMs: fields.whole('leaseMs'),
    ...optional(fields, 'ownerRun', (name) => runId(fields.text(name))),
    ...optional(fields, 'worker', (name) => workerId(fields.text(name))),
    ...optional(fields, 'heartbeatAt', fields.instant),
    ...optional(fields, 'expiresHint', fields.instant),
    attachedOnce: fields.flag('attachedOnce'),
    ...optional(fields, 'raised', fields.token),
    ...optional(fields, 'phase', fields.text),
    ...optional(fields, 'migration', (name) => migrationName(fields.text(name))),
    ...optional(fields, 'backend', (name) => toBackend(fields.nested(name))),
    ...optional(fields, 'reason', fields.text),
    ...optional(fields, 'standing', fields.sha256),
  }
}

const runStates = [
  'QUEUED',
  'RUNNING',
  'PARKED',
  'SUCCEEDED',
  'FAILED',
  'REFUSED',
  'CRASHED',
  'EXPIRED',
] as const satisfies readonly RunState[]

/** Reads a RUN item. */
export function toRun(item: Fields): RunRecord {
  const fields = readFields(item, 'RUN item')
  return {
    id: runId(fields.text('sk').slice(runPrefix.length)),
    target: targetOf(fields),
    direction: fields.oneOf('direction', ['up', 'down']),
    work: toWork(fields.nested('work')),
    actor: toActor(fields.nested('actor')),
    state: fields.oneOf('state', runStates),
    starts: fields.whole('starts'),
    faults: fields.whole('faults'),
    ...optional(fields, 'firstFaultAt', fields.instant),
    createdAt: fields.instant('createdAt'),
    ...optional(fields, 'startedAt', fields.instant),
    ...optional(fields, 'finishedAt', fields.instant),
    ...optional(fields, 'bundle', fields.sha256),
    applied: fields.whole('applied'),
    ...optional(fields, 'detached', (name) => toDetached(fields.nested(name))),
    ...optional(fields, 'failure', (name) => toFailure(fields.nested(name))),
    notices: fields.list('notices').map(toNotice),
  }
}

const toDetached = (fields: FieldReader): DetachedStep => ({
  migration: migrationName(fields.text('migration')),
  unit: fields.whole('unit'),
  times: fields.whole('times'),
})

/** Reads a CHAIN item. */
export function toChainHead(item: Fields): ChainHead {
  const fields = readFields(item, 'CHAIN item')
  return {
    seq: fields.whole('seq'),
    hash: fields.sha256('hash'),
    projected: item.projected === null ? null : toCopied(fields.nested('projected')),
  }
}

/** Reads a MIG item. */
export function toEntry(item: Fields): LedgerEntry {
  const fields = readFields(item, 'MIG item')
  return {
    migration: migrationName(fields.text('sk').slice(migrationPrefix.length)),
    state: fields.oneOf('state', ['APPLIED', 'REVERTED', 'FAILED', 'LOST']),
    checksum: fields.sha256('checksum'),
    receipt: toReceiptKey(fields.nested('receipt')),
    run: runId(fields.text('run')),
    bundle: fields.sha256('bundle'),
    at: fields.instant('at'),
    durationMs: fields.number('durationMs'),
    outOfOrder: fields.flag('outOfOrder'),
    ...optional(fields, 'failure', (name) => toFailure(fields.nested(name))),
    ...optional(fields, 'releasedAt', fields.instant),
  }
}

/** Reads an audit item; its hash is not checked here. @throws LockstepError AUDIT_BROKEN when it is not an event */
export function toEvent(item: Fields): AuditEvent {
  const fields = readFields(item, `audit event ${item.pk} ${item.sk}`, 'AUDIT_BROKEN')
  return {
    type: fields.as('type', 'a text', isAuditType),
    at: fields.instant('at'),
    run: runId(fields.text('run')),
    actor: fields.text('actor'),
    ...optional(fields, 'token', fields.token),
    data: fields.as('data', 'JSON', isJsonMap),
    target: targetOf(fields),
    seq: seqOf(item),
    prevHash: fields.sha256('prevHash'),
    hash: fields.sha256('hash'),
    ...unknownFields(item),
  }
}

const eventFields = new Set(['pk', 'sk', 'type', 'at', 'run', 'actor', 'token', 'data', 'prevHash', 'hash'])

/** What someone added to an event is kept, so that its hash tells of it. */
const unknownFields = (item: Fields): Fields =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !eventFields.has(name)))

/** A type that we do not know is a newer version's or a forger's: the hash judges it, not the reader. */
const isAuditType: Guard<AuditType> = (value): value is AuditType => typeof value === 'string'

interface StreamImages {
  readonly change: 'INSERT' | 'MODIFY' | 'REMOVE'
  readonly before: unknown
  readonly after: unknown
}

/**
 * Reads a record of the audit table's stream: an event that was added, or a change that may never happen. What was added without
 * being an event is such a change too.
 *
 * @throws LockstepError INTERNAL when the item is in no target's partition
 */
export function parseAuditChange({ change, before, after }: StreamImages): AuditChange {
  const image = [before, after].find(isFields) ?? {}
  if (change === 'INSERT' && isEvent(image)) return { kind: 'added', event: toEvent(image) }
  const target = targetOf(readFields(image, 'audit item'))
  const tampering = {
    target,
    seq: seqOf(image),
    change: change === 'REMOVE' ? change : 'MODIFY',
    before,
    after,
  } as const
  return { kind: 'tampered', tampering }
}

function isEvent(item: Fields): boolean {
  try {
    return toEvent(item).seq > 0
  } catch {
    return false
  }
}

function targetOf(fields: FieldReader): TargetName {
  const name = fields.text('pk').replace(/^T#/, '')
  if (isTargetName(name)) return name
  throw new LockstepError('INTERNAL', `an item of partition ${name} is no target's`)
}

/** The seq in an audit item's key, 0 when it is not an event's. */
function seqOf(item: Fields): number {
  const [, digits = '0'] = /^A#(\d{12})$/.exec(String(item.sk)) ?? []
  return Number(digits)
}

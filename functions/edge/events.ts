import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import * as z from 'zod'
import { LockstepError } from '../domain/errors.ts'
import type { Actor, BundleObject, RollbackWish } from '../domain/records.ts'
import { isSha256, isTargetName, migrationName, type RunId, runId } from '../domain/types.ts'
import type { RollbackOrder } from '../engine/rollback-front.ts'
import type { OperatorRequest, RunnerRequest } from '../engine/runner-contract.ts'
import type { StatusQuestion } from '../engine/status.ts'

/** Parses an event at the door. @throws LockstepError EVENT_INVALID saying which field, what was expected, what came */
export function parse<T>(schema: z.ZodType<T>, event: unknown, what: string): T {
  const parsed = schema.safeParse(event)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new LockstepError(
    'EVENT_INVALID',
    `${what}: ${issue?.path.join('.') || 'payload'}: ${issue?.message ?? 'invalid'}`,
  )
}

/** A target's name as events carry it. */
export const target = z.string().refine(isTargetName, 'expected a target name, [a-z0-9][a-z0-9-]{0,62}')
const run = z
  .string()
  .regex(/^r-[0-9a-f]{24}$/, 'expected a run id, r- and 24 hex digits')
  .transform((text): RunId => runId(text))

const actor: z.ZodType<Actor> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('upload'), principal: z.string(), address: z.string() }),
  z.object({ kind: z.literal('claimed'), name: z.string(), requestId: z.string() }),
])

const asked = z.object({ target, actor, budgetMs: z.number().int().positive() })
const wish = z.enum(['unlock', 'freeze', 'thaw', 'accept-database'])
const digest = z.string().refine(isSha256, 'expected the digest of a plan, 64 hex digits')
const olderThanMs = z.number().int().nonnegative()
/** Stands in the audit event and in LOCK. */
const reason = z.string().trim().min(1, 'expected a reason').max(500, 'expected at most 500 characters')

const migration = z
  .string()
  .min(1, 'expected the name of a migration')
  .transform((text) => migrationName(text))
const migrations = z.array(migration).readonly()

const rollbackWish: z.ZodType<RollbackWish> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('to'), migration }),
  z.strictObject({ kind: z.literal('steps'), count: z.number().int().min(1, 'expected at least 1') }),
  z.strictObject({ kind: z.literal('run'), run }),
])

const runnerRequest: z.ZodType<RunnerRequest> = z.discriminatedUnion('action', [
  asked.extend({ action: z.literal('advance'), run }),
  asked.extend({ action: z.literal('unlock'), wish, reason, force: z.boolean() }),
  asked.extend({ action: z.literal('reconcile') }),
  asked.extend({ action: z.enum(['kept-list', 'kept-drop']), olderThanMs }),
  asked.extend({ action: z.literal('plan-rollback'), wish: rollbackWish }),
  asked.extend({ action: z.literal('release'), migrations, reason }),
])

/** Parses what a front asks of the runner. */
export const parseRunnerRequest = (event: unknown): RunnerRequest => parse(runnerRequest, event, 'runner request')

/** Who says that they ask; nobody checks it. */
const claimedName = z.string().trim().min(1).max(200).default('unknown')

const operatorPayload = z.discriminatedUnion('action', [
  z.strictObject({ action: wish, target, reason, actor: claimedName, force: z.boolean().default(false) }),
  z.strictObject({ action: z.literal('reconcile'), target, actor: claimedName }),
  z.strictObject({ action: z.literal('kept-list'), target, actor: claimedName, olderThanMs: olderThanMs.default(0) }),
  z.strictObject({ action: z.literal('kept-drop'), target, actor: claimedName, olderThanMs }),
])

/** What the operators' front is invoked with; `actor` is what the caller claims to be. */
export type OperatorPayload = z.input<typeof operatorPayload>

/** Parses what an operator asks, and makes it what the runner is asked. */
export function parseOperatorRequest(
  event: unknown,
  { requestId, budgetMs }: { readonly requestId: string; readonly budgetMs: number },
): OperatorRequest {
  const payload = parse(operatorPayload, event, 'operator request')
  const asks = {
    target: payload.target,
    actor: { kind: 'claimed', name: payload.actor, requestId },
    budgetMs,
  } as const
  if (payload.action === 'reconcile') return { ...asks, action: 'reconcile' }
  if (payload.action === 'kept-list' || payload.action === 'kept-drop') {
    return { ...asks, action: payload.action, olderThanMs: payload.olderThanMs }
  }
  return { ...asks, action: 'unlock', wish: payload.action, reason: payload.reason, force: payload.force }
}

const rollbackPayload = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('plan'), target, wish: rollbackWish, actor: claimedName }),
  z.strictObject({ action: z.literal('confirm'), target, wish: rollbackWish, plan: digest, actor: claimedName }),
  z.strictObject({ action: z.literal('release'), target, migrations, reason, actor: claimedName }),
])

/** What the rollback front is invoked with; `actor` is what the caller claims to be. */
export type RollbackPayload = z.input<typeof rollbackPayload>

/** Parses what an operator asks of the way back. */
export function parseRollbackOrder(event: unknown, requestId: string): RollbackOrder {
  const payload = parse(rollbackPayload, event, 'rollback request')
  return { ...payload, actor: { kind: 'claimed', name: payload.actor, requestId } }
}

const statusQuestion: z.ZodType<StatusQuestion> = z.strictObject({
  target,
  run: run.exactOptional(),
  eventsAfter: z.number().int().nonnegative().exactOptional(),
  ledgerAfter: z
    .string()
    .transform((text) => (text === '' ? '' : migrationName(text)))
    .exactOptional(),
})

/** Parses what is asked of the status function. */
export const parseStatusQuestion = (event: unknown): StatusQuestion => parse(statusQuestion, event, 'status question')

const sqsEvent = z.object({
  Records: z.array(
    z.object({
      messageId: z.string(),
      receiptHandle: z.string(),
      body: z.string(),
      attributes: z.object({ ApproximateReceiveCount: z.coerce.number().int() }),
    }),
  ),
})

export type QueueMessage = z.infer<typeof sqsEvent>['Records'][number]

/** Parses a batch of the bundle queue. */
export const parseQueueEvent = (event: unknown): readonly QueueMessage[] =>
  parse(sqsEvent, event, 'queue event').Records

const s3Record = z.object({
  eventSource: z.literal('aws:s3'),
  eventName: z.string(),
  userIdentity: z.object({ principalId: z.string() }).optional(),
  requestParameters: z.object({ sourceIPAddress: z.string() }).optional(),
  s3: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({ key: z.string(), versionId: z.string().optional(), eTag: z.string().optional() }),
  }),
})

const s3Notification = z.union([
  z.object({ Event: z.literal('s3:TestEvent') }).transform(() => ({ Records: [] })),
  z.object({ Records: z.array(s3Record) }),
])

/** An upload that a message tells of. */
export interface NotifiedUpload {
  readonly object: BundleObject
  readonly actor: Actor
}

/** A run that is in the control table already. */
const queuedRun = z.strictObject({ target, run })

/** What a message of the queue tells of: uploads, or a run that another front made. */
export type NotifiedDelivery = NotifiedUpload | z.infer<typeof queuedRun>

/** Reads what a message's body tells of; see `parseUploads` for uploads. */
export function parseDeliveries(body: string, bucket: string): readonly NotifiedDelivery[] {
  const content = parseJson(body)
  const names = typeof content === 'object' && content !== null && 'run' in content
  return names ? [parse(queuedRun, content, 'queued run')] : parseUploads(content, bucket)
}

/**
 * Reads the uploads in a message's body: none for `s3:TestEvent` and for events that are no creation.
 *
 * @param bucket the bucket that events may come from; another one's are refused
 */
function parseUploads(body: unknown, bucket: string): readonly NotifiedUpload[] {
  const { Records } = parse(s3Notification, body, 'S3 notification')
  return Records.filter((record) => record.eventName.startsWith('ObjectCreated:')).map((record) => {
    if (record.s3.bucket.name === bucket) return toUpload(record)
    throw new LockstepError('EVENT_INVALID', `expected events of bucket ${bucket}, got one of ${record.s3.bucket.name}`)
  })
}

function toUpload(record: z.infer<typeof s3Record>): NotifiedUpload {
  const { bucket, object: uploaded } = record.s3
  return {
    object: {
      bucket: bucket.name,
      key: decodeKey(uploaded.key),
      ...(uploaded.versionId !== undefined && { versionId: uploaded.versionId }),
      ...(uploaded.eTag !== undefined && { etag: uploaded.eTag }),
    },
    actor: {
      kind: 'upload',
      principal: record.userIdentity?.principalId ?? 'unknown',
      address: record.requestParameters?.sourceIPAddress ?? 'unknown',
    },
  }
}

/** S3 encodes keys in events as forms do: `+` is a space. */
const decodeKey = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '))

const parseJson = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

const streamEvent = z.object({
  Records: z.array(
    z.object({
      eventName: z.enum(['INSERT', 'MODIFY', 'REMOVE']),
      dynamodb: z.object({
        SequenceNumber: z.string(),
        Keys: z.record(z.string(), z.unknown()),
        NewImage: z.record(z.string(), z.unknown()).optional(),
        OldImage: z.record(z.string(), z.unknown()).optional(),
      }),
    }),
  ),
})

/** A record of the audit table's stream, with its images as plain data. */
export interface StreamRecord {
  readonly change: 'INSERT' | 'MODIFY' | 'REMOVE'
  readonly sequenceNumber: string
  readonly after: unknown
  readonly before: unknown
}

/** Parses a batch of the audit table's stream. */
export const parseStreamEvent = (event: unknown): readonly StreamRecord[] =>
  parse(streamEvent, event, 'stream event').Records.map(({ eventName, dynamodb }) => ({
    change: eventName,
    sequenceNumber: dynamodb.SequenceNumber,
    after: image(dynamodb.NewImage),
    before: image(dynamodb.OldImage),
  }))

const image = (item: Record<string, unknown> | undefined): unknown =>
  item === undefined ? null : unmarshall(item as Record<string, AttributeValue>)

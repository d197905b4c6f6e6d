import { escapeIdentifier, escapeLiteral } from 'pg'
import type { Unit } from '../domain/step-source.ts'
import type { StepOrder } from '../engine/target-database.ts'
import { keptSetting } from './kept-check-block.ts'
import { replyColumn } from './postgres-message.ts'

/** A message around a migration's SQL, and where in it that SQL lies. */
export interface StepMessage {
  readonly text: string
  /** What of ours stands before it: PostgreSQL counts an error's position in the whole message. */
  readonly before: string
  readonly statementsBefore: number
}

/** What of a migration is run, and what is recorded of it in the same transaction. */
export interface StepContent {
  /** Statements of ours that run as the application role before the migration's. */
  readonly prepare?: readonly string[]
  readonly sql: string
  /** Session settings that stand before it in its file. */
  readonly setup?: string
  /** Statements of ours that run as the application role after the migration's. */
  readonly conclude?: readonly string[]
  readonly record: string
}

/** `transaction_timeout`, which would end the session, exists from here on. */
const transactionTimeoutVersion = 170_000

/**
 * Undoes what a step left in the session. DISCARD ALL would release the advisory lock, and fails in a message of several
 * statements. Without this, a temporary table "User" would swallow the next step's `alter table "User"`.
 */
export const cleaning = [
  'close all',
  'reset session authorization',
  'reset role',
  'reset all',
  'deallocate all',
  'unlisten *',
  'discard temp',
  'discard sequences',
]

/**
 * Composes a step as one message: one round trip, and it runs to its end even when the client vanishes.
 *
 * Every statement of ours after the migration's begins on a line of its own, since the file may end in a comment. The isolation is
 * named: a database's default of serializable would turn a lost lease into a serialization failure, which is retried.
 */
export const stepMessage = (order: StepOrder, serverVersion: number, content: StepContent): StepMessage => {
  const statements = [
    'begin isolation level read committed, read write',
    ...timeouts(order, serverVersion, 'set local'),
    `set local search_path = ${order.settings.searchPath}`,
    `select lockstep.assert_fence(${fenceArguments(order)})`,
    `set local role ${escapeIdentifier(order.settings.applicationRole)}`,
    ...(content.prepare ?? []),
  ]
  const before = `${statements.join(';\n')};\n${content.setup === undefined ? '' : `${content.setup}\n;\n`}`
  const after = [...(content.conclude ?? []), 'reset role', content.record, 'commit', ...cleaning]
  return {
    text: `${before}${content.sql}\n;\n${after.join(';\n')}`,
    before,
    statementsBefore: statements.length,
  }
}

/** Composes a transaction that only records; it runs nothing of the migration's. */
export const recordMessage = (order: StepOrder, record: string): string =>
  [
    'begin isolation level read committed, read write',
    `select lockstep.assert_fence(${fenceArguments(order)})`,
    record,
    'commit',
  ].join(';\n')

/** The step's timeouts: a directive wins over the target's settings. */
export const timeouts = (order: StepOrder, serverVersion: number, set: 'set' | 'set local'): readonly string[] => {
  const { lockTimeoutMs, statementTimeoutMs } = { ...order.settings, ...order.source.directives }
  const settings = [`lock_timeout = ${lockTimeoutMs}`, `statement_timeout = ${statementTimeoutMs}`]
  if (serverVersion >= transactionTimeoutVersion) settings.push('transaction_timeout = 0')
  return settings.map((setting) => `${set} ${setting}`)
}

/** The fence as a step expects it: target, token and worker. */
export const fenceArguments = ({ lease }: StepOrder): string =>
  [escapeLiteral(lease.target), lease.token, escapeLiteral(lease.worker)].join(', ')

type Recorder = 'record_receipt' | 'record_progress' | 'record_failure'

/** Composes the statement that records, and answers in the reply column. */
export const recordStatement = (
  recorder: Recorder,
  order: StepOrder,
  more: Readonly<Record<string, unknown>> = {},
): string => `select lockstep.${recorder}(${escapeLiteral(stepJson(recorder, order, more))}) as ${replyColumn}`

/** Composes the statement that writes a step's receipt, and what was kept or put back in the same transaction. */
export const receiptStatement = (order: StepOrder, { conclude }: Pick<StepContent, 'conclude'>): string => {
  const step = escapeLiteral(stepJson('record_receipt', order, {}))
  const kept = `nullif(nullif(current_setting('${keptSetting}', true), ''), '[]')::jsonb`
  const all = conclude === undefined ? step : `${step}::jsonb || jsonb_build_object('kept', ${kept})`
  return `select lockstep.record_receipt(${all}) as ${replyColumn}`
}

const stepJson = (recorder: Recorder, order: StepOrder, more: Readonly<Record<string, unknown>>): string => {
  const { source, lease, key, head } = order
  const step = {
    target: lease.target,
    worker: lease.worker,
    token: key.token,
    n: key.n,
    head_token: head?.token ?? null,
    head_n: head?.n ?? null,
    run: order.run,
    bundle: order.bundle,
    migration: source.migration.name,
    direction: order.direction,
    checksum: source.migration.checksum,
    attempt: order.attempt,
    out_of_order: order.outOfOrder,
    ...(recorder === 'record_receipt' && source.wayBack && { way_back: source.wayBack }),
    ...more,
  }
  return toJson(step)
}

/** What a unit's progress row says of it. */
export const progressOf = (unit: Unit, state: 'running' | 'done') => ({ unit: unit.index, sha256: unit.sha256, state })

/** PostgreSQL takes neither half a surrogate pair nor NUL, and an excerpt of a text may have been cut anywhere. */
const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'string' ? part.toWellFormed().replaceAll('\0', '\uFFFD') : part,
  )

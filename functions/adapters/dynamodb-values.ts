import type { Json } from '../domain/audit.ts'
import { type ErrorCode, errorTable } from '../domain/error-table.ts'
import type { Failure, SourcePlace } from '../domain/errors.ts'
import type { CopiedReceipt, ReceiptKey } from '../domain/receipt.ts'
import type { Actor, Backend, BundleObject, RollbackWish, RunWork } from '../domain/records.ts'
import { migrationName, type Notice, runId } from '../domain/types.ts'
import { type FieldReader, type Guard, isFields, optional } from './dynamodb-fields.ts'

/** The maps inside of items, read back: each is written as the plain data that its type says. */

export const toReceiptKey = (fields: FieldReader): ReceiptKey => ({
  token: fields.token('token'),
  n: fields.whole('n'),
})

export const toCopied = (fields: FieldReader): CopiedReceipt => ({ ...toReceiptKey(fields), at: fields.instant('at') })

export const toBackend = (fields: FieldReader): Backend => ({
  pid: fields.whole('pid'),
  startedAt: fields.text('startedAt'),
})

const toObject = (fields: FieldReader): BundleObject => ({
  bucket: fields.text('bucket'),
  key: fields.text('key'),
  ...optional(fields, 'versionId', fields.text),
  ...optional(fields, 'etag', fields.text),
})

export function toWork(fields: FieldReader): RunWork {
  const kind = fields.oneOf('kind', ['bundle', 'rollback'])
  if (kind === 'bundle') return { kind, object: toObject(fields.nested('object')) }
  return {
    kind,
    wish: toWish(fields.nested('wish')),
    plan: fields.sha256('plan'),
    floor: fields.isNull('floor') ? null : toReceiptKey(fields.nested('floor')),
    head: toReceiptKey(fields.nested('head')),
  }
}

function toWish(fields: FieldReader): RollbackWish {
  const kind = fields.oneOf('kind', ['to', 'steps', 'run'])
  if (kind === 'to') return { kind, migration: migrationName(fields.text('migration')) }
  if (kind === 'steps') return { kind, count: fields.whole('count') }
  return { kind, run: runId(fields.text('run')) }
}

export function toActor(fields: FieldReader): Actor {
  const kind = fields.oneOf('kind', ['upload', 'claimed'])
  if (kind === 'upload') return { kind, principal: fields.text('principal'), address: fields.text('address') }
  return { kind, name: fields.text('name'), requestId: fields.text('requestId') }
}

export const toNotice = (fields: FieldReader): Notice => ({
  code: fields.text('code'),
  message: fields.text('message'),
  ...optional(fields, 'migration', (name) => migrationName(fields.text(name))),
})

export function toFailure(fields: FieldReader): Failure {
  const code = fields.text('code')
  return {
    // A newer version's code, read by an older one, is no reason to hide the failure.
    code: isErrorCode(code) ? code : 'INTERNAL',
    message: fields.text('message'),
    hint: fields.text('hint'),
    ...optional(fields, 'migration', (name) => migrationName(fields.text(name))),
    ...optional(fields, 'sqlState', fields.text),
    ...optional(fields, 'place', (name) => toPlace(fields.nested(name))),
    ...optional(fields, 'detail', fields.text),
    ...optional(fields, 'serverHint', fields.text),
    ...optional(fields, 'names', fields.texts),
  }
}

const toPlace = (fields: FieldReader): SourcePlace => ({
  file: fields.text('file'),
  line: fields.whole('line'),
  column: fields.whole('column'),
  excerpt: fields.text('excerpt'),
})

const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(errorTable, text)

type JsonMap = { readonly [key: string]: Json }

export const isJsonMap: Guard<JsonMap> = (value): value is JsonMap =>
  isFields(value) && Object.values(value).every(isJson)

/** Sets and binaries, which DynamoDB has and JSON has not, are objects with a prototype of their own. */
const isJson: Guard<Json> = (value): value is Json => {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return true
  if (Array.isArray(value)) return value.every(isJson)
  return isFields(value) && Object.getPrototypeOf(value) === Object.prototype && isJsonMap(value)
}

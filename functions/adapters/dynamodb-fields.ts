import type { ErrorCode } from '../domain/error-table.ts'
import { LockstepError } from '../domain/errors.ts'
import { type Instant, instant, isSha256, type Sha256, type Token, token } from '../domain/types.ts'

/** An item as plain data, not yet believed. */
export type Fields = Readonly<Record<string, unknown>>

/**
 * Reads the attributes of one item, each as what it has to be. One that is not comes from a bug or from another's hand.
 *
 * @throws LockstepError INTERNAL, or the code that the reader was made with, naming item and attribute; from every method
 */
export interface FieldReader {
  has(name: string): boolean
  isNull(name: string): boolean
  text(name: string): string
  texts(name: string): readonly string[]
  number(name: string): number
  whole(name: string): number
  flag(name: string): boolean
  token(name: string): Token
  instant(name: string): Instant
  sha256(name: string): Sha256
  oneOf<const Word extends string>(name: string, words: readonly Word[]): Word
  nested(name: string): FieldReader
  list(name: string): readonly FieldReader[]
  /** Reads what a guard of the caller's accepts. */
  as<T>(name: string, expected: string, is: Guard<T>): T
}

export type Guard<T> = (value: unknown) => value is T

/** Makes the reader of an item; `what` names it in errors. */
export function readFields(fields: Fields, what: string, code: ErrorCode = 'INTERNAL'): FieldReader {
  const as = <T>(name: string, expected: string, is: Guard<T>): T => {
    const value = fields[name]
    if (is(value)) return value
    throw new LockstepError(code, `${what}: attribute ${name} is ${shown(value)}, expected ${expected}`)
  }
  const inner = (value: Fields, name: string): FieldReader => readFields(value, `${what}, ${name}`, code)
  return {
    as,
    has: (name) => fields[name] !== undefined,
    isNull: (name) => fields[name] === null,
    text: (name) => as(name, 'a text', isText),
    texts: (name) => as(name, 'a list of texts', isListOf(isText)),
    number: (name) => as(name, 'a number', isNumber),
    whole: (name) => as(name, 'a whole number', isWhole),
    flag: (name) => as(name, 'true or false', isFlag),
    token: (name) => token(as(name, 'a token', isWhole)),
    instant: (name) => instant(new Date(as(name, 'an instant', isInstantText))),
    sha256: (name) => as(name, 'a SHA-256', isSha256Text),
    oneOf: (name, words) => as(name, `one of ${words.join(', ')}`, isOneOf(words)),
    nested: (name) => inner(as(name, 'a map', isFields), name),
    list: (name) => as(name, 'a list of maps', isListOf(isFields)).map((entry) => inner(entry, name)),
  }
}

/** Reads an attribute into an object to spread; what is absent stays absent. */
export function optional<Name extends string, T>(
  fields: FieldReader,
  name: Name,
  read: (name: Name) => T,
): { readonly [Key in Name]?: T } {
  const found: { [Key in Name]?: T } = {}
  if (fields.has(name)) found[name] = read(name)
  return found
}

export const isFields: Guard<Fields> = (value): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isText: Guard<string> = (value) => typeof value === 'string'
const isFlag: Guard<boolean> = (value) => typeof value === 'boolean'
const isNumber: Guard<number> = (value) => typeof value === 'number'
/** Safe integers only: a rounded token would be another's. */
const isWhole: Guard<number> = (value): value is number => Number.isSafeInteger(value)
const isInstantText: Guard<string> = (value): value is string => isText(value) && !Number.isNaN(Date.parse(value))
const isSha256Text: Guard<Sha256> = (value): value is Sha256 => isText(value) && isSha256(value)
const isOneOf =
  <Word extends string>(words: readonly Word[]): Guard<Word> =>
  (value): value is Word =>
    words.some((word) => word === value)
const isListOf =
  <T>(is: Guard<T>): Guard<readonly T[]> =>
  (value): value is readonly T[] =>
    Array.isArray(value) && value.every(is)

const longestShown = 80
const shown = (value: unknown): string =>
  value === undefined ? 'absent' : (JSON.stringify(value, bigintAsText) ?? typeof value).slice(0, longestShown)
const bigintAsText = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

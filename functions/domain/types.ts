/**
 * Terminology: the words of the project as types. `docs/glossary.md` says the same in prose.
 *
 * Ids are branded, so that a run's id can't be passed where a target's name is wanted. Brands are made in this file and in the
 * parsers at the edge, nowhere else.
 */

declare const brand: unique symbol
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** A target's name: `[a-z0-9][a-z0-9-]{0,62}`. */
export type TargetName = Brand<string, 'TargetName'>
/** A migration's identity: its whole folder name, or its whole file name without `.sql`. */
export type MigrationName = Brand<string, 'MigrationName'>
/** Lower-case hex of a SHA-256 digest, 64 characters. */
export type Sha256 = Brand<string, 'Sha256'>
/** A run's id, derived from the uploaded object, so a duplicate delivery is the same run. */
export type RunId = Brand<string, 'RunId'>
/** Names one process's hold on a lease; new with every attach. */
export type WorkerId = Brand<string, 'WorkerId'>
/** Names one write of the LOCK item; new with every write. */
export type Revision = Brand<string, 'Revision'>
/** The fencing token: a positive integer that grows with every lease. */
export type Token = Brand<number, 'Token'>
/** A moment as ISO 8601 in UTC with milliseconds. For people and records; no decision compares two machines' instants. */
export type Instant = Brand<string, 'Instant'>

export type Direction = 'up' | 'down'

const targetPattern = /^[a-z0-9][a-z0-9-]{0,62}$/
const sha256Pattern = /^[0-9a-f]{64}$/

/** Tells whether a text is a legal target name. */
export const isTargetName = (text: string): text is TargetName => targetPattern.test(text)
/** Tells whether a text is a SHA-256 in lower-case hex. */
export const isSha256 = (text: string): text is Sha256 => sha256Pattern.test(text)
/** Brands a migration's name that was read from a history or from our own tables. */
export const migrationName = (text: string): MigrationName => text as MigrationName
/** Brands a run's id that was derived or read from our own tables. */
export const runId = (text: string): RunId => text as RunId
/** Brands a fencing token. */
export const token = (value: number): Token => value as Token
/** Brands a worker's id. */
export const workerId = (text: string): WorkerId => text as WorkerId
/** Brands a LOCK revision. */
export const revision = (text: string): Revision => text as Revision
/** Turns a date into an instant. */
export const instant = (date: Date): Instant => date.toISOString() as Instant
/** The instant some milliseconds after another. */
export const laterBy = (at: Instant, ms: number): Instant => instant(new Date(Date.parse(at) + ms))

/** A remark that stops nothing: what it is about, and the text for people. */
export interface Notice {
  readonly code: string
  readonly message: string
  readonly migration?: MigrationName
}

import { LockstepError } from '../../functions/domain/errors.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** Formats a duration for people, short enough for a column: `0 ms`, `340 ms`, `1.24 s`, `2 min 05 s`, `1 h 02 min`. */
export function formatDuration(durationMs: number): string {
  // Each bound is where its rounded form would become as long as the next one's.
  if (durationMs < second - 0.5) return `${Math.round(durationMs)} ms`
  if (durationMs < 10 * second - 5) return `${(durationMs / second).toFixed(2)} s`
  if (durationMs < minute - 50) return `${(durationMs / second).toFixed(1)} s`
  const seconds = Math.round(durationMs / second)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${twoDigits(seconds % 60)} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`
}

const twoDigits = (value: number): string => String(value).padStart(2, '0')

/** Formats how long ago something was, in the largest unit that says something: `just now`, `12 s ago`, `3 h ago`. */
export function formatAge(ageMs: number): string {
  if (ageMs < second) return 'just now'
  if (ageMs < minute) return `${Math.floor(ageMs / second)} s ago`
  if (ageMs < hour) return `${Math.floor(ageMs / minute)} min ago`
  if (ageMs < 2 * day) return `${Math.floor(ageMs / hour)} h ago`
  return `${Math.floor(ageMs / day)} days ago`
}

/** Formats an instant to the second in UTC, as `2026-11-24 14:08:31Z`. */
export const formatInstant = (instant: string): string => `${instant.slice(0, 10)} ${instant.slice(11, 19)}Z`

/** Counts things in words: `1 migration`, `21 migrations`. */
export const count = (amount: number, singular: string, plural = `${singular}s`): string =>
  `${amount} ${amount === 1 ? singular : plural}`

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: second, m: minute, min: minute, h: hour, d: day }

/**
 * Reads a duration as it is typed: `500ms`, `90s`, `15m`, `15min`, `1h`, `30d`.
 *
 * @returns milliseconds
 * @throws LockstepError USAGE for anything else
 */
export function parseDuration(text: string): number {
  const match = /^(\d+)\s*(ms|s|m|min|h|d)$/.exec(text.trim())
  const unitMs = unitsMs[match?.[2] ?? '']
  if (match === null || unitMs === undefined) {
    throw new LockstepError('USAGE', `"${text}" is not a duration`, {
      hint: 'write a number with its unit: 90s, 15m, 1h, 30d',
    })
  }
  return Number(match[1]) * unitMs
}

/** Keys change sooner than that, and no calendar ends before. */
const longestLifetimeMs = 10 * 365 * day

/**
 * Reads how long something holds: a duration, or days, as `30d`; at most ten years.
 *
 * @returns milliseconds
 * @throws LockstepError USAGE for anything else
 */
export function parseLifetime(text: string): number {
  const days = /^(\d+)\s*d$/.exec(text.trim())?.[1]
  const lifetimeMs = days === undefined ? parseDuration(text) : Number(days) * day
  if (lifetimeMs > 0 && lifetimeMs <= longestLifetimeMs) return lifetimeMs
  throw new LockstepError('USAGE', `"${text}" is no lifetime, expected more than nothing and at most 3650d`)
}

const kB = 1_000
const MB = 1_000 * kB

/** Formats a size for people: `812 B`, `34 kB`, `1.2 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < kB) return `${bytes} B`
  return bytes < MB - kB / 2 ? `${Math.round(bytes / kB)} kB` : `${(bytes / MB).toFixed(1)} MB`
}

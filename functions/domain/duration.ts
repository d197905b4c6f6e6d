const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000 }
const pattern = /^(\d+)(ms|s|min|h)$/

/** PostgreSQL keeps its timeouts in a 32-bit integer of milliseconds, a little under 25 days. */
const longestMs = 2_147_483_647

/**
 * Reads a duration as PostgreSQL writes it: a whole number and `ms`, `s`, `min` or `h`; a bare `0` means no limit.
 *
 * @returns milliseconds, at most 2,147,483,647, or undefined when the text is no such duration
 */
export const parseDurationMs = (text: string): number | undefined => {
  if (text === '0') return 0
  const [, count, unit] = pattern.exec(text) ?? []
  if (count === undefined || unit === undefined) return undefined
  const ms = Number(count) * (unitMs[unit] ?? Number.NaN)
  return ms <= longestMs ? ms : undefined
}

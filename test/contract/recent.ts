/** Mostly the newest thing known, sometimes an old one: late callers are the interesting ones. */
export const recent = <T>(known: readonly T[], pick: number): T | undefined =>
  pick % 3 === 0 ? known[pick % Math.max(known.length, 1)] : known.at(-1)

/** Choices that follow from a seed alone: the same seed makes the same ones, in the same order. */
export interface Choices {
  /** In [0, 1). */
  fraction(): number
  chance(probability: number): boolean
  between(low: number, high: number): number
  pick<T>(list: readonly T[]): T
}

/** Makes choices from a seed with mulberry32, whose neighbouring seeds have nothing in common. */
export function seededChoices(seed: number): Choices {
  let state = seed | 0
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    fraction,
    chance: (probability) => fraction() < probability,
    between: (low, high) => low + fraction() * (high - low),
    pick<T>(list: readonly T[]): T {
      const chosen = list[Math.floor(fraction() * list.length)]
      if (chosen === undefined) throw new Error('nothing to choose from')
      return chosen
    },
  }
}

/**
 * Compares two texts by their UTF-8 bytes, which is the order of migrations and of paths; negative when `a` sorts first.
 *
 * UTF-16 units, which `<` compares, put U+E000 to U+FFFF after the supplementary planes; UTF-8 bytes put them before.
 */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const difference = rank(a.charCodeAt(index)) - rank(b.charCodeAt(index))
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

const firstSurrogate = 0xd800
const afterSurrogates = 0xe000
const aboveAllUnits = 0x10000

/** Moves surrogates, the halves of supplementary characters, above every other unit. */
const rank = (unit: number): number => (unit >= firstSurrogate && unit < afterSurrogates ? unit + aboveAllUnits : unit)

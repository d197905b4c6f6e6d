/**
 * Prints data as canonical JSON: keys sorted by their UTF-16 units, no whitespace, members that are undefined left out. The same
 * data always gives the same text, whatever the order in which it was put together or stored.
 *
 * Follows RFC 8785 (JSON Canonicalization Scheme), whose numbers and string escapes are ECMAScript's own.
 *
 * @throws TypeError for what JSON has no form for: NaN, infinities, bigint, functions, lone surrogates, undefined in an array
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return canonicalString(value)
  if (typeof value === 'number') return canonicalNumber(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object') return canonicalObject(value)
  throw new TypeError(`canonical JSON has no form for ${typeof value}`)
}

/** A lone surrogate becomes U+FFFD on its way through UTF-8, so a hash over it could never be computed again. */
function canonicalString(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('canonical JSON has no form for a lone surrogate')
  return JSON.stringify(text)
}

function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`canonical JSON has no form for ${value}`)
  return JSON.stringify(value)
}

function canonicalObject(value: object): string {
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => byUnits(a, b))
    .map(([key, member]) => `${canonicalString(key)}:${canonicalJson(member)}`)
  return `{${members.join(',')}}`
}

const byUnits = (a: string, b: string): number => (a < b ? -1 : 1)

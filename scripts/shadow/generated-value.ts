import type { ColumnShape } from './table-shape.ts'

/**
 * Makes the n-th value of a column, as text that PostgreSQL reads as its type; values of different n differ where the type has room.
 *
 * @param n counts from 1
 * @returns undefined for a type that nothing is known of
 */
export function generatedValue(column: ColumnShape, n: number): string | undefined {
  const value = scalarValue(column, n)
  if (!column.isArray || value === undefined) return value
  return `{"${value.replace(/["\\]/g, '\\$&')}"}`
}

const scalarValue = (column: ColumnShape, n: number): string | undefined => {
  // The newest label first: what a migration adds is what its way back has to answer for.
  if (column.labels !== null) return column.labels.at(-1 - ((n - 1) % column.labels.length))
  return makers[column.base]?.(n, column)
}

type Maker = (n: number, column: ColumnShape) => string

const whole: Maker = (n) => String(n)
const dayOf = (n: number): string => new Date(Date.UTC(2026, 0, n)).toISOString().slice(0, 10)
const timeOf = (n: number): string => new Date(n * 61_000).toISOString().slice(11, 19)
const wide = (n: number): number => n * 10

/** The length that `varchar(n)` and `char(n)` keep four above. */
const lengthOf = ({ modifier }: ColumnShape): number => (modifier < 0 ? Number.POSITIVE_INFINITY : modifier - 4)

const word: Maker = (n, column) => {
  const text = `${column.name}-${n}`
  const length = lengthOf(column)
  return text.length <= length ? text : String(n).slice(-length)
}

const numeric: Maker = (n, { modifier }) => {
  if (modifier < 0) return `${n}.5`
  const precision = ((modifier - 4) >> 16) & 0xffff
  const scale = (modifier - 4) & 0x7ff
  return String(n % 10 ** Math.min(precision - scale, 9))
}

const bits: Maker = (n, { modifier }) => {
  const length = Math.max(modifier, 1)
  return n.toString(2).padStart(length, '0').slice(-length)
}

const range =
  (show: (n: number) => string): Maker =>
  (n) =>
    `[${show(wide(n))},${show(wide(n) + 5)})`

const makers: Readonly<Record<string, Maker>> = {
  bool: (n) => String(n % 2 === 1),
  ...{ int2: whole, int4: whole, int8: whole, oid: whole, money: whole, numeric },
  ...{ float4: (n) => `${n}.5`, float8: (n) => `${n}.5` },
  ...{ text: word, varchar: word, bpchar: word, citext: word, name: word },
  uuid: (n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  ...{ date: dayOf, timestamp: (n) => `${dayOf(n)} 12:00:00`, timestamptz: (n) => `${dayOf(n)} 12:00:00+00` },
  ...{ time: timeOf, timetz: (n) => `${timeOf(n)}+00`, interval: (n) => `${n} hours` },
  ...{ json: (n) => `{"n": ${n}}`, jsonb: (n) => `{"n": ${n}}`, xml: (n) => `<n>${n}</n>` },
  bytea: (n) => `\\x${n.toString(16).padStart(8, '0')}`,
  ...{ inet: (n) => `10.0.${n >> 8}.${n & 255}`, cidr: (n) => `10.${n >> 8}.${n & 255}.0/24` },
  macaddr: (n) => `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`,
  ...{ bit: bits, varbit: (n) => n.toString(2) },
  ...{ tsvector: (n) => `word${n}`, tsquery: (n) => `word${n}`, ltree: (n) => `a.b${n}`, hstore: (n) => `"n"=>"${n}"` },
  ...{ point: (n) => `(${n},${n})`, box: (n) => `(${n},${n}),(0,0)`, circle: (n) => `<(${n},${n}),1>` },
  ...{ int4range: range(String), int8range: range(String), numrange: range(String) },
  ...{ daterange: range(dayOf), tsrange: range(dayOf), tstzrange: range(dayOf) },
}

import { generatedValue } from './generated-value.ts'
import type { Check, ColumnShape, TableShape } from './table-shape.ts'

/** Values by column; a column that is left out gets its default. */
export type Row = Readonly<Record<string, string | null>>

/** Makes a row with a value in every column, whose checks nobody looked at. */
export const fullRow = ({ columns }: TableShape, n: number): Row => valuesOf(columns.filter(isOurs), () => n)

/** Makes a row with nothing but what must be there. */
export const leastRow = ({ columns }: TableShape, n: number): Row =>
  valuesOf(
    columns.filter((column) => isOurs(column) && column.notNull && !column.hasDefault),
    () => n,
  )

const isOurs = ({ filledByServer }: ColumnShape): boolean => !filledByServer

const valuesOf = (columns: readonly ColumnShape[], numberOf: (index: number) => number): Row =>
  Object.fromEntries(
    columns.flatMap((column, index) => {
      const value = generatedValue(column, numberOf(index))
      return value === undefined ? [] : [[column.name, value]]
    }),
  )

/** Most constants of one check that are tried. */
const maxConstants = 24

/**
 * Makes values that may satisfy a check: no program can solve every one, but most ask for an order of columns, for a constant that
 * they name or its neighbour, or for a text that looks like an address.
 */
export function checkCandidates(check: Check, columns: readonly ColumnShape[], n: number): readonly Row[] {
  const own = columns.filter(({ name }) => check.columns.includes(name))
  const spread = [1, -1].map((step) => valuesOf(own, (index) => n + (step > 0 ? index : own.length - index)))
  const constants = own.map((column) => constantsFor(column, check.text, n))
  const longest = Math.min(maxConstants, Math.max(0, ...constants.map(({ length }) => length)))
  const named = Array.from({ length: longest }, (_, index) =>
    Object.fromEntries(
      own.flatMap(({ name }, at) => {
        const values = constants[at] ?? []
        const value = values[(index + n - 1) % values.length]
        return value === undefined ? [] : [[name, value]]
      }),
    ),
  )
  const nulls = Object.fromEntries(own.filter(({ notNull }) => !notNull).map(({ name }) => [name, null]))
  const single = own.map((column) => ({ ...nulls, ...valuesOf([column], () => n) }))
  return [...spread, ...named, ...single, nulls]
}

const constantsFor = ({ category, isArray }: ColumnShape, text: string, n: number): readonly string[] => {
  const quoted = [...text.matchAll(/'((?:[^']|'')*)'/g)].map(([, inner = '']) => inner.replaceAll("''", "'"))
  if (isArray) return quoted.map((value) => `{"${value}"}`)
  if (category === 'S') return [...quoted, ...usualTexts(n)]
  if (category !== 'N') return quoted
  const numbers = [...text.matchAll(/\d+(?:\.\d+)?/g)].map(([number]) => Number(number))
  return [...new Set(numbers.flatMap((number) => [number, number + n, number - n, -number]))].map(String)
}

/** What texts are most often checked to look like. */
const usualTexts = (n: number): readonly string[] => [
  `a${n}@example.com`,
  `https://example.com/${n}`,
  `a${n}`,
  `A${n}`,
  `#${String(n).padStart(6, '0')}`,
  `+44${String(n).padStart(10, '0')}`,
  String(n),
]

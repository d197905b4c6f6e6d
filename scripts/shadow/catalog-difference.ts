import type { Catalog } from './catalog.ts'

/** Where a column's position stands in its line of the catalog. */
const positionField = 10

/**
 * Leaves out where columns stand in their tables: a column that comes back stands last, which no statement can change, and which only
 * `select *` and an insert without column names can see.
 */
export const withoutPositions = (catalog: Catalog): Catalog => ({
  ...catalog,
  columns: (catalog.columns ?? []).map((line) => JSON.stringify(parseLine(line).toSpliced(positionField, 1))).sort(),
})

/** Says in a few words what two catalogs do not share, as the second one is seen from the first; nothing when they are the same. */
export function differencesOf(expected: Catalog, found: Catalog): readonly string[] {
  return Object.keys(expected).flatMap((kind) => [
    ...linesOnlyIn(expected[kind], found[kind]).map((line) => `${nameOf(kind, line)} is missing or changed`),
    ...linesOnlyIn(found[kind], expected[kind])
      .filter((line) => !sharesName(kind, line, expected))
      .map((line) => `${nameOf(kind, line)} is left over`),
  ])
}

const linesOnlyIn = (lines: readonly string[] = [], others: readonly string[] = []): readonly string[] => {
  const known = new Set(others)
  return lines.filter((line) => !known.has(line))
}

/** Something changed is told once, not as missing and again as left over. */
const sharesName = (kind: string, line: string, expected: Catalog): boolean =>
  (expected[kind] ?? []).some((other) => nameOf(kind, other) === nameOf(kind, line))

const singular: Readonly<Record<string, string>> = {
  indexes: 'index',
  policies: 'policy',
  schemas: 'schema',
}
/** How many fields of a line name what it speaks of. */
const nameFields: Readonly<Record<string, number>> = {
  schemas: 1,
  extensions: 1,
  comments: 1,
  columns: 3,
  triggers: 3,
  constraints: 3,
}

const nameOf = (kind: string, line: string): string => {
  const fields = parseLine(line)
  const what = singular[kind] ?? kind.replace(/s$/, '')
  if (kind === 'indexes')
    return `${what} ${/INDEX (?:CONCURRENTLY )?(\S+|".*?") ON/.exec(String(fields.at(-1)))?.[1] ?? fields[1]}`
  const parts =
    kind === 'policies' || kind === 'functions' ? fields.slice(0, 3) : fields.slice(0, nameFields[kind] ?? 2)
  return `${what} ${parts.filter((part) => part !== 'public' && part !== '').join('.')}`
}

const parseLine = (line: string): readonly unknown[] => JSON.parse(line)

import { escapeIdentifier } from 'pg'

/** What stands in a column that must not be null until a value comes, by the beginning of its type. */
const fillers: readonly (readonly [RegExp, string])[] = [
  [/^(text|character varying|character|varchar|bpchar|citext|"?public"?\."?citext)/, "''"],
  [/^(smallint|integer|bigint|numeric|real|double precision|money)/, '0'],
  [/^boolean/, 'false'],
  [/^uuid/, "'00000000-0000-0000-0000-000000000000'"],
  [/^(timestamp|date)/, "'epoch'"],
  [/^time/, "'00:00'"],
  [/^interval/, "'0'"],
  [/^jsonb?/, "'{}'"],
  [/^bytea/, "''"],
]

/** A planned statement as it can be run on tables with rows. */
export interface Workable {
  readonly statements: readonly string[]
  readonly notes: readonly string[]
}

/**
 * Makes planned statements such that they work where there are rows, and on another server than the one that they were planned on.
 *
 * - A column that must not be null comes back with a filler, which the values that Lockstep kept replace after the last statement.
 * - An index of a partitioned table comes back on its partitions too, which the plan leaves out.
 * - Grants to the owner, who has them anyway, would name the role of the throwaway server.
 */
export const makeWorkable = (planned: readonly string[], owner: string): Workable => {
  const notes: string[] = []
  const statements = planned
    .filter((sql) => !isGrantTo(sql, owner))
    .flatMap((sql) => {
      const filled = filledColumn(sql)
      if (filled === undefined) return [onPartitionsToo(sql)]
      notes.push(filled.note)
      return filled.statements
    })
  return { statements, notes }
}

const isGrantTo = (sql: string, owner: string): boolean => {
  const grantee = /^(?:GRANT|REVOKE)\b.* (?:TO|FROM) (.+?)(?: WITH GRANT OPTION)?$/s.exec(sql)?.[1]
  return grantee === owner || grantee === escapeIdentifier(owner)
}

const onPartitionsToo = (sql: string): string =>
  sql.replace(/^(CREATE (?:UNIQUE )?INDEX (?:"(?:[^"]|"")+"|\S+) ON) ONLY /, '$1 ')

const addedColumn = /^(ALTER TABLE (\S+|(?:"(?:[^"]|"")+"\.?)+)) ADD COLUMN ("(?:[^"]|"")+") (.+?) NOT NULL$/

const filledColumn = (sql: string) => {
  const [, alter, table, column, type = ''] = addedColumn.exec(sql) ?? []
  if (alter === undefined || /\b(DEFAULT|GENERATED)\b/.test(type)) return undefined
  const filler = type.endsWith('[]') ? "'{}'" : fillers.find(([pattern]) => pattern.test(type))?.[1]
  if (filler === undefined) return undefined
  return {
    statements: [`${sql} DEFAULT ${filler}`, `${alter} ALTER COLUMN ${column} DROP DEFAULT`],
    note: `${table}.${column} must not be null: rows whose value Lockstep did not keep get ${filler}`,
  }
}

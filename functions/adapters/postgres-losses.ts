import { escapeIdentifier } from 'pg'
import { asLockstepError } from '../domain/errors.ts'
import type { Loss } from '../domain/losses.ts'
import type { LossCount } from '../domain/rollback-plan.ts'
import type { TargetSettings } from '../domain/settings.ts'
import type { Clock } from '../engine/system.ts'
import type { PostgresConnection } from './postgres-connection.ts'

/** Counting one loss may take so long, and all of them together so long: an operator waits for the answer. */
const countTimeoutMs = 4_000
const countBudgetMs = 12_000
const lockTimeoutMs = 1_000

const doing = 'cannot count what a rollback would lose'

/** What the catalog says of the objects: whether they are there, and what the planner thinks that they hold. */
const findQuery = `
  select wanted.place::integer as place, c.oid::regclass::text as relation, a.attname as column,
    greatest(c.reltuples, 0) * (1 - coalesce(s.null_frac, 0)) as estimate
  from unnest($1::text[], $2::text[]) with ordinality as wanted (relation, attribute, place)
  join pg_catalog.pg_class c on c.oid = to_regclass(wanted.relation)
  left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = wanted.attribute and a.attnum > 0 and not a.attisdropped
  left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_stats s on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = a.attname
  where wanted.attribute is null or a.attname is not null`

interface FoundObject {
  readonly place: number
  readonly relation: string
  readonly column: string | null
  readonly estimate: number
}

interface Counting {
  readonly connection: PostgresConnection
  readonly clock: Clock
  readonly settings: TargetSettings
}

/**
 * Counts what losses would take away now: rows of tables, values of columns that are not null. Reads only, and waits for no lock
 * longer than a second. What takes too long is estimated from the planner's statistics.
 */
export const countLosses = async (counting: Counting, losses: readonly Loss[]): Promise<readonly LossCount[]> => {
  const { connection, clock } = counting
  if (losses.every(({ kind }) => kind === 'other')) return losses.map(() => ({ kind: 'unknown' }))
  const giveUpAtMs = clock.monotonicMs() + countBudgetMs
  const counts: LossCount[] = losses.map(({ kind }) => ({ kind: kind === 'other' ? 'unknown' : 'absent' }))
  try {
    await begin(counting)
    for (const found of await find(connection, losses)) {
      counts[found.place - 1] = clock.monotonicMs() > giveUpAtMs ? estimated(found) : await count(counting, found)
    }
  } finally {
    await connection.query(doing, 'rollback')
  }
  return counts
}

const begin = async ({ connection, settings }: Counting): Promise<void> => {
  const statements = [
    'begin isolation level repeatable read, read only',
    `set local search_path = ${settings.searchPath}`,
    `set local statement_timeout = ${countTimeoutMs}`,
    `set local lock_timeout = ${lockTimeoutMs}`,
    // a table of which row security hides rows can't be counted; it must say so
    'set local row_security = off',
    `set local role ${escapeIdentifier(settings.applicationRole)}`,
  ]
  await connection.query(doing, statements.join(';\n'))
}

const find = async (connection: PostgresConnection, losses: readonly Loss[]): Promise<readonly FoundObject[]> => {
  const relations = losses.map((loss) => (loss.kind === 'other' ? null : qualified(loss)))
  const columns = losses.map((loss) => (loss.kind === 'column' ? loss.column : null))
  return await connection.query<FoundObject>(doing, findQuery, [relations, columns])
}

const qualified = ({ schema, table }: { readonly schema?: string; readonly table: string }): string =>
  [...(schema === undefined ? [] : [schema]), table].map(escapeIdentifier).join('.')

const estimated = ({ estimate }: FoundObject): LossCount => ({ kind: 'estimated', rows: Math.round(estimate) })

/** A count that fails ends the transaction, so another one begins. */
const count = async (counting: Counting, found: FoundObject): Promise<LossCount> => {
  const { connection } = counting
  const what = found.column === null ? '*' : escapeIdentifier(found.column)
  try {
    const sql = `select count(${what})::float8 as rows from ${found.relation}`
    const [row] = await connection.query<{ rows: number }>(doing, sql)
    return { kind: 'counted', rows: row?.rows ?? 0 }
  } catch (thrown) {
    if (asLockstepError(thrown).details.sqlState === undefined) throw thrown
    await connection.query(doing, 'rollback')
    await begin(counting)
    return estimated(found)
  }
}

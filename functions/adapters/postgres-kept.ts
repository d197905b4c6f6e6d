import { escapeIdentifier } from 'pg'
import { LockstepError } from '../domain/errors.ts'
import type { KeptTable } from '../domain/kept-table.ts'
import type { TargetSettings } from '../domain/settings.ts'
import { keptNames } from './kept-check-block.ts'
import type { PostgresConnection } from './postgres-connection.ts'

/** The catalog is the register: each table's comment says whose it is. */
const keptQuery = `
  select c.relname as name, k.about ->> 'migration' as migration, k.about -> 'receipt' as receipt,
    format('%I.%I', k.about ->> 'schema', k.about ->> 'table') as table,
    case k.about ->> 'kind' when 'column' then k.about -> 'columns' end as columns,
    (k.about -> 'rows')::float8 as rows, k.about ->> 'at' as at, (k.about -> 'open')::boolean as open,
    pg_total_relation_size(c.oid)::float8 as bytes
  from pg_catalog.pg_class c
  cross join lateral (select obj_description(c.oid, 'pg_class')::jsonb as about) k
  where c.relnamespace = to_regnamespace('lockstep_kept') and c.relkind = 'r' and c.relname ~ '${keptNames}'
  order by k.about ->> 'at', c.oid`

type KeptRow = Omit<KeptTable, 'columns'> & { readonly columns: readonly string[] | null }

/** Reads what is kept, the oldest first. */
export const keptTables = async (connection: PostgresConnection): Promise<readonly KeptTable[]> => {
  const rows = await connection.query<KeptRow>('cannot read what is kept', keptQuery)
  return rows.map(({ columns, ...row }) => ({ ...row, ...(columns && { columns }) }))
}

/** What is dropped, and who has to agree before the commit. */
export interface KeptDrop {
  readonly names: readonly string[]
  readonly agree: () => Promise<'commit' | 'undo'>
}

const doing = 'cannot drop what is kept'

/** Drops kept tables as the role that owns them, in one transaction. */
export const dropKept = async (
  connection: PostgresConnection,
  { applicationRole }: TargetSettings,
  { names, agree }: KeptDrop,
): Promise<'commit' | 'undo'> => {
  await connection.query(doing, 'begin')
  let decision: 'commit' | 'undo' = 'undo'
  try {
    await refuseWithoutLock(connection)
    await connection.query(doing, `set local role ${escapeIdentifier(applicationRole)}`)
    for (const name of names) await connection.query(doing, `drop table lockstep_kept.${escapeIdentifier(name)}`)
    decision = await agree()
    if (decision === 'commit') await connection.query(doing, 'commit')
    return decision
  } finally {
    // after a commit there is nothing to roll back
    if (decision === 'undo') await connection.query(doing, 'rollback').catch(() => [])
  }
}

const refuseWithoutLock = async (connection: PostgresConnection): Promise<void> => {
  const [row] = await connection.query<{ held: boolean }>(doing, 'select lockstep.holds_lock() as held')
  if (row?.held !== true) throw new LockstepError('LOCK_RELEASED', 'the session does not hold its advisory lock')
}

import type { InvalidIndex } from '../engine/target-database.ts'
import type { PostgresConnection } from './postgres-connection.ts'

/** More than anybody reads; the answer of a function is bounded. */
const mostListed = 100

/**
 * A concurrent build keeps this lock on its table from its first moment to its last, whoever runs it, and `pg_locks` shows it to
 * everybody; the progress view hides other roles' builds. VACUUM takes the same lock: its tables are looked at the next time.
 * A partitioned index (`I`) is invalid until each partition has its own, which is no build that failed.
 */
const leftInvalid = `
  select format('%I.%I', n.nspname, c.relname) as index, i.indrelid::regclass::text as table
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  join pg_namespace n on n.oid = c.relnamespace
  where not i.indisvalid
    and c.relkind = 'i'
    and not exists (
      select from pg_locks l
      where l.locktype = 'relation'
        and l.database = (select oid from pg_database where datname = current_database())
        and l.relation = i.indrelid
        and l.mode = 'ShareUpdateExclusiveLock'
        and l.granted)
  order by 1
  limit ${mostListed}`

/** Lists the indexes that builds have left invalid. */
export const invalidIndexes = (connection: PostgresConnection): Promise<readonly InvalidIndex[]> =>
  connection.query<InvalidIndex>('cannot look for invalid indexes', leftInvalid)

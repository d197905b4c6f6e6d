import type { Client } from 'pg'

/** What of a table decides which rows fit it. */
export interface TableShape {
  readonly schema: string
  readonly name: string
  readonly partitioned: boolean
  /** Columns of the primary key; empty where there is none. */
  readonly key: readonly string[]
  readonly columns: readonly ColumnShape[]
  readonly references: readonly Reference[]
  /** Check constraints, those of the columns' domains, and the bounds of partitions. */
  readonly checks: readonly Check[]
}

export interface ColumnShape {
  readonly name: string
  /** As declared, for example `character varying(20)`. */
  readonly type: string
  /** The name of the type below domains and arrays, for example `int4`. */
  readonly base: string
  readonly isArray: boolean
  /** `pg_type.typcategory` of the base. */
  readonly category: string
  readonly labels: readonly string[] | null
  /** Of the base, as `atttypmod`; -1 = none. */
  readonly modifier: number
  readonly notNull: boolean
  readonly hasDefault: boolean
  /** Filled by PostgreSQL alone: a generated column, or one whose default is a sequence. */
  readonly filledByServer: boolean
}

export interface Reference {
  readonly columns: readonly string[]
  readonly schema: string
  readonly table: string
  readonly targets: readonly string[]
}

export interface Check {
  readonly columns: readonly string[]
  /** Where its constants are found. */
  readonly text: string
  /** What must hold of a row; null for the check of a domain, which a cast makes. */
  readonly expression: string | null
}

const columnsOf = `(
  select json_agg(json_build_object(
    'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'base', b.typname, 'isArray', d.typcategory = 'A',
    'category', b.typcategory, 'modifier', case when t.typtype = 'd' then t.typtypmod else a.atttypmod end,
    'labels', (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = b.oid),
    'notNull', a.attnotnull or t.typnotnull, 'hasDefault', a.atthasdef,
    'filledByServer', a.attgenerated <> '' or a.attidentity <> '' or coalesce(pg_get_expr(f.adbin, f.adrelid), '') like 'nextval(%'
  ) order by a.attnum)
  from pg_attribute a
  join pg_type t on t.oid = a.atttypid
  join pg_type d on d.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
  join pg_type b on b.oid = case when d.typcategory = 'A' then d.typelem else d.oid end
  left join pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)`

const names = (relation: string, numbers: string): string => `(
  select json_agg(a.attname order by o.n) from unnest(${numbers}) with ordinality o(attnum, n)
  join pg_attribute a on a.attrelid = ${relation} and a.attnum = o.attnum)`

const keyOf = `(select ${names('k.conrelid', 'k.conkey')} from pg_constraint k where k.conrelid = c.oid and k.contype = 'p')`

const referencesOf = `(
  select json_agg(json_build_object(
    'columns', ${names('k.conrelid', 'k.conkey')}, 'schema', rn.nspname, 'table', r.relname, 'targets', ${names('k.confrelid', 'k.confkey')}))
  from pg_constraint k join pg_class r on r.oid = k.confrelid join pg_namespace rn on rn.oid = r.relnamespace
  where k.conrelid = c.oid and k.contype = 'f')`

const checksOf = `(
  select json_agg(json_build_object('columns', ${names('k.conrelid', 'k.conkey')},
    'text', pg_get_expr(k.conbin, k.conrelid), 'expression', pg_get_expr(k.conbin, k.conrelid)) order by k.conname)
  from pg_constraint k where k.conrelid = c.oid and k.contype = 'c' and cardinality(k.conkey) > 0)`

const domainChecksOf = `(
  select json_agg(json_build_object('columns', json_build_array(a.attname), 'text', pg_get_constraintdef(k.oid), 'expression', null))
  from pg_attribute a join pg_constraint k on k.contypid = a.atttypid and k.contype = 'c'
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)`

/** A row must fit one of the partitions. */
const boundsOf = `(
  select json_build_array(json_build_object(
    'columns', (
      select json_agg(a.attname) from pg_partitioned_table p join pg_attribute a on a.attrelid = p.partrelid and a.attnum = any (p.partattrs)
      where p.partrelid = c.oid),
    'text', string_agg(pg_get_partition_constraintdef(i.inhrelid), ' or '),
    'expression', string_agg('(' || pg_get_partition_constraintdef(i.inhrelid) || ')', ' or ')))
  from pg_inherits i where i.inhparent = c.oid and c.relkind = 'p' having count(*) > 0)`

const shapes = `
  select n.nspname as schema, c.relname as name, c.relkind = 'p' as partitioned, ${keyOf} as key, ${columnsOf} as columns,
    ${referencesOf} as "references", ${checksOf} as checks, ${domainChecksOf} as domains, ${boundsOf} as bounds
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and not c.relispartition
    and n.nspname not in ('pg_catalog', 'information_schema', 'lockstep', 'lockstep_kept') and n.nspname !~ '^pg_(toast|temp)'
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  order by n.nspname, c.relname`

/** A column is null where its aggregate had no rows. */
type ShapeRow = { readonly [Field in keyof TableShape]: TableShape[Field] | null } & {
  readonly domains: readonly Check[] | null
  readonly bounds: readonly Check[] | null
}

/** Reads the tables that migrations made; partitions are their root's, and what an extension brought is the extension's. */
export async function readTableShapes(client: Client): Promise<readonly TableShape[]> {
  const { rows } = await client.query<ShapeRow & Pick<TableShape, 'schema' | 'name' | 'partitioned'>>(shapes)
  return rows.map(({ schema, name, partitioned, key, columns, references, checks, domains, bounds }) => ({
    ...{ schema, name, partitioned },
    key: key ?? [],
    columns: columns ?? [],
    references: references ?? [],
    checks: [...(checks ?? []), ...(domains ?? []), ...(bounds ?? [])],
  }))
}

/** How a table is called in messages. */
export const showTable = ({ schema, name }: Pick<TableShape, 'schema' | 'name'>): string =>
  schema === 'public' ? `"${name}"` : `"${schema}"."${name}"`

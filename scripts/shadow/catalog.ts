import type { Client } from 'pg'

/** What a database's catalog says, as sorted lines by kind: two databases with the same are the same but for their rows. */
export type Catalog = Readonly<Record<string, readonly string[]>>

/** Everything but what PostgreSQL and Lockstep keep for themselves. */
const ours = `n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'lockstep', 'lockstep_kept')
  and n.nspname not like 'pg\\_temp%' and n.nspname not like 'pg\\_toast\\_temp%'`

/** Objects that an extension brought along are told by the extension. */
const notOfExtension = (catalog: string, id: string): string => `not exists (
  select from pg_depend d where d.classid = '${catalog}'::regclass and d.objid = ${id} and d.deptype = 'e')`

const queries: Readonly<Record<string, string>> = {
  schemas: `select n.nspname from pg_namespace n where ${ours}`,
  extensions: 'select extname from pg_extension',
  relations: `
    select n.nspname, c.relname, c.relkind, c.relpersistence, c.relrowsecurity, c.relreplident, c.reloptions,
      pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${ours} and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and ${notOfExtension('pg_class', 'c.oid')}`,
  columns: `
    select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
      a.attstorage, a.attstattarget, pg_get_expr(d.adbin, d.adrelid),
      row_number() over (partition by c.oid order by a.attnum), co.collname
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    left join pg_collation co on co.oid = a.attcollation
    where ${ours} and c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped
      and ${notOfExtension('pg_class', 'c.oid')}`,
  constraints: `
    select n.nspname, coalesce(c.relname, t.typname), k.conname, k.contype, k.convalidated, pg_get_constraintdef(k.oid)
    from pg_constraint k join pg_namespace n on n.oid = k.connamespace
    left join pg_class c on c.oid = k.conrelid left join pg_type t on t.oid = k.contypid where ${ours}`,
  indexes: `
    select n.nspname, c.relname, i.indisvalid, i.indisready, i.indisreplident, i.indisclustered, pg_get_indexdef(i.indexrelid)
    from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace where ${ours}`,
  enums: `
    select n.nspname, t.typname, array_agg(e.enumlabel::text order by e.enumsortorder)
    from pg_enum e join pg_type t on t.oid = e.enumtypid join pg_namespace n on n.oid = t.typnamespace
    where ${ours} group by 1, 2`,
  types: `
    select n.nspname, t.typname, t.typtype, format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where ${ours} and t.typtype in ('d', 'e', 'r') and ${notOfExtension('pg_type', 't.oid')}`,
  functions: `
    select n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), p.prokind,
      case when p.prokind in ('f', 'p') then pg_get_functiondef(p.oid) end
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where ${ours} and ${notOfExtension('pg_proc', 'p.oid')}`,
  views: `
    select n.nspname, c.relname, pg_get_viewdef(c.oid)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${ours} and c.relkind in ('v', 'm')`,
  triggers: `
    select n.nspname, c.relname, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where ${ours} and not t.tgisinternal`,
  sequences: `
    select n.nspname, c.relname, format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle
    from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace where ${ours}`,
  policies: 'select schemaname, tablename, policyname, permissive, roles, cmd, qual, with_check from pg_policies',
  comments: `
    select pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description from pg_description d
    join pg_class c on d.classoid = 'pg_class'::regclass and c.oid = d.objoid
    join pg_namespace n on n.oid = c.relnamespace where ${ours}`,
}

/** Reads a database's catalog; owners, which differ between targets, are left out. */
export async function readCatalog(client: Client): Promise<Catalog> {
  const catalog: Record<string, readonly string[]> = {}
  for (const [kind, text] of Object.entries(queries)) {
    const { rows } = await client.query<unknown[]>({ text, rowMode: 'array' })
    catalog[kind] = rows.map((row) => JSON.stringify(row)).sort()
  }
  return catalog
}

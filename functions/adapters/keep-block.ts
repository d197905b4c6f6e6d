import { sqlBlock } from './sql-block.ts'

/** What is to be kept before a migration's SQL runs. */
export interface KeepInput {
  readonly target: string
  readonly migration: string
  readonly token: number
  readonly n: number
  /** True while the receipt's key is not certain: a file that runs as units may be finished by a later run. */
  readonly open: boolean
  /** Kept tables are named by this and a number. */
  readonly prefix: string
  readonly maxBytes: number
  readonly maxRows: number
  /** Names as SQL; without a column, the whole table goes. */
  readonly losses: readonly { readonly name: string; readonly column?: string }[]
}

/**
 * Writes the statement that keeps what a migration drops, in tables of schema `lockstep_kept`; it runs as the application role.
 *
 * - each table is locked as the drop locks it, before it is measured and read
 * - values of types that are not PostgreSQL's own are kept as text: the migration may drop the type too
 * - of columns, the rows with a value are kept; all rows where a column has a default, which going back would put in place of a null
 * - FORCE ROW LEVEL SECURITY is lifted meanwhile; with `row_security` off, whatever would still hide rows is an error
 * - nobody but the owner may read a kept table, whatever the default privileges say; its comment is the register's entry
 */
export const keepBlock = (input: KeepInput): string =>
  sqlBlock({ input, declarations, body, errorState: 'LS008', doing: 'what is dropped cannot be kept' })

const declarations = `
  v_table record;
  v_column record;
  v_name text;
  v_kept text;
  v_columns text[];
  v_numbers int[];
  v_key text[];
  v_condition text;
  v_values text;
  v_sizes text;
  v_bytes numeric;
  v_rows bigint;
  v_sequences jsonb;
  v_state jsonb;
  v_grantee text;
  v_max_bytes constant numeric := (v_input ->> 'maxBytes')::numeric;
  v_max_rows constant bigint := (v_input ->> 'maxRows')::bigint;
  v_count integer := 0;`

/** Takes away what default privileges granted. */
const revokeAll = (kind: 'schema' | 'table', catalog: string, object: string): string => `
        for v_grantee in
          select distinct case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end
          from ${catalog} cross join lateral aclexplode(acl) x
          where oid = ${object} and x.grantee <> owner
        loop
          execute format('revoke all on ${kind} %s from %s', ${object}, v_grantee);
        end loop;`

/** Dropping what belongs to another role fails by itself. In the order of their ids, so that everybody locks alike. */
const lostTables = `
    select c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity,
      bool_or(l.column_name is null) as is_whole,
      array_agg(l.column_name) filter (where l.column_name is not null) as lost_columns
    from (
      select l ->> 'name' as name, l ->> 'column' as column_name from jsonb_array_elements(v_input -> 'losses') l
    ) l
    join pg_class c on c.oid = to_regclass(l.name)
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and c.relpersistence <> 't' and pg_has_role(c.relowner, 'usage')
    group by c.oid, n.nspname
    order by c.oid`

/** Generated columns are computed again; a default would take the place of a null, so then the nulls are kept too. */
const findColumns = `
    select
      array_agg(a.attname::text order by a.attnum), array_agg(a.attnum order by a.attnum),
      case when v_table.is_whole or bool_or(a.atthasdef or t.typdefault is not null) then 'true'
        else format('num_nonnulls(%s) > 0', string_agg(quote_ident(a.attname), ', ')) end,
      case when v_table.is_whole then '0'
        else string_agg(format('coalesce(pg_column_size(%I), 0)', a.attname), ' + ') end
      into v_columns, v_numbers, v_condition, v_sizes
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    where a.attrelid = v_table.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    and (v_table.is_whole or a.attname::text = any(v_table.lost_columns));
    continue when v_columns is null;`

const tooLarge = (size: string, most: string): string =>
  `raise exception '% has ${size}, more than the % that are kept before a drop', v_name, ${most} using errcode = 'LS007';`

/** The table as it lies there tells how long it will be locked, the values how much is kept of it. */
const measure = `
    select sum(case when v_table.is_whole then pg_table_size(t.relid) else pg_relation_size(t.relid) end) into v_bytes
    from (select v_table.oid::regclass as relid union select p.relid from pg_partition_tree(v_table.oid) p) t;
    v_rows := 1;
    if v_table.is_whole then
      execute format('select count(*) from (select from %s limit 1) x', v_name) into v_rows;
    end if;
    if v_rows > 0 and v_bytes > v_max_bytes then
      ${tooLarge('%', 'pg_size_pretty(v_bytes), pg_size_pretty(v_max_bytes)')}
    end if;
    execute format('select count(*), coalesce(sum(%s), 0) from (select * from %s where %s limit %s) x',
      v_sizes, v_name, v_condition, v_max_rows + 1) into v_rows, v_bytes;
    if v_rows > v_max_rows then
      ${tooLarge('more than % rows', 'v_max_rows, v_max_rows')}
    end if;
    if v_bytes > v_max_bytes then
      ${tooLarge('values of %', 'pg_size_pretty(v_bytes), pg_size_pretty(v_max_bytes)')}
    end if;`

const refuseInherited = `
      if v_table.relkind = 'r' and exists (select from pg_inherits i where i.inhparent = v_table.oid) then
        raise exception '% holds values, and other tables inherit from it: they would lose theirs with it', v_name
          using errcode = 'LS008';
      end if;`

/** The primary key, or else a unique one without nulls, that does not go too. */
const findKey = `
      v_key := '{}';
      if not v_table.is_whole then
        select k.names into v_key
        from (
          select i.indisprimary, i.indexrelid, array_agg(a.attname::text order by u.place) as names,
            bool_and(a.attnotnull) and not bool_or(a.attname::text = any(v_table.lost_columns)) as is_usable
          from pg_index i
          cross join lateral unnest(i.indkey::int2[]) with ordinality u(attnum, place)
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum
          where i.indrelid = v_table.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
          and u.place <= i.indnkeyatts
          group by i.indisprimary, i.indexrelid
        ) k
        where k.is_usable
        order by k.indisprimary desc, cardinality(k.names), k.indexrelid
        limit 1;
        if v_key is null then
          raise exception 'column % of % holds values, but no primary key, or unique key without nulls, stays to put them back by',
            array_to_string(v_columns, ', '), v_name using errcode = 'LS008';
        end if;
      end if;`

const makeSchema = `
      if to_regnamespace('lockstep_kept') is null then
        create schema lockstep_kept;
        comment on schema lockstep_kept is 'Lockstep: what migrations dropped. See it with lockstep kept list.';
        ${revokeAll('schema', '(select oid, nspacl as acl, nspowner as owner from pg_namespace) s', "'lockstep_kept'::regnamespace")}
      end if;`

const copy = `
      select string_agg(format(
        case
          when t.typnamespace <> 'pg_catalog'::regnamespace then '%1$I::text collate pg_catalog."default" as %1$I'
          when a.attcollation <> 0 then '%1$I collate pg_catalog."default" as %1$I'
          else '%1$I'
        end, a.attname), ', ' order by a.attnum) into v_values
      from pg_attribute a
      join pg_type t on t.oid = a.atttypid
      where a.attrelid = v_table.oid and a.attnum > 0 and not a.attisdropped and a.attname::text = any(v_columns || v_key);
      v_count := v_count + 1;
      v_kept := format('lockstep_kept.%I', (v_input ->> 'prefix') || v_count);
      execute format('create table %s as select %s from %s where %s', v_kept, v_values, v_name, v_condition);
      ${revokeAll('table', '(select oid, relacl as acl, relowner as owner from pg_class) s', 'v_kept::regclass')}
      if v_table.relrowsecurity then
        execute format('alter table %s enable row level security', v_kept);
      end if;`

/** A number that was given once is not given again. */
const readSequences = `
      v_sequences := '{}';
      for v_column in
        select c.name, pg_get_serial_sequence(v_name, c.name) as sequence from unnest(v_columns) c(name)
      loop
        continue when v_column.sequence is null;
        execute format('select jsonb_build_object(''last'', last_value, ''called'', is_called) from %s', v_column.sequence)
          into v_state;
        v_sequences := v_sequences || jsonb_build_object(v_column.name, v_state);
      end loop;`

const register = `
      execute format('comment on table %s is %L', v_kept, jsonb_build_object(
        'target', v_input -> 'target', 'migration', v_input -> 'migration', 'open', v_input -> 'open',
        'receipt', jsonb_build_object('token', v_input -> 'token', 'n', v_input -> 'n'),
        'kind', case when v_table.is_whole then 'table' else 'column' end,
        'schema', v_table.nspname, 'table', v_table.relname, 'oid', v_table.oid::bigint,
        'columns', to_jsonb(v_columns), 'numbers', to_jsonb(v_numbers), 'key', to_jsonb(v_key), 'sequences', v_sequences, 'rows', v_rows,
        'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ));`

const body = `
  for v_table in ${lostTables}
  loop
    v_name := format('%I.%I', v_table.nspname, v_table.relname);
    execute format('lock table %s in access exclusive mode', v_name);
    if to_regclass(v_name) is distinct from v_table.oid then
      raise exception '% was replaced meanwhile', v_name using errcode = 'serialization_failure';
    end if;
    ${findColumns}
    if v_table.relforcerowsecurity then
      execute format('alter table %s no force row level security', v_name);
    end if;
    ${measure}
    if v_rows > 0 then
      ${refuseInherited}
      ${findKey}
      ${makeSchema}
      ${copy}
      ${readSequences}
      ${register}
    end if;
    if v_table.relforcerowsecurity then
      execute format('alter table %s force row level security', v_name);
    end if;
  end loop;`

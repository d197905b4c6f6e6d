import { sqlBlock } from './sql-block.ts'

/** What was kept in a step, and what of it is to be told. */
export interface KeptCheckInput {
  readonly migration: string
  readonly token: number
  readonly n: number
  /** What this transaction kept is named by it. */
  readonly prefix: string
  /** True in the transaction that writes the receipt: then everything that the step kept gets its key. */
  readonly last: boolean
}

/** The transaction's setting in which what was kept, or put back, waits for the receipt; as JSON. */
export const keptSetting = 'lockstep.kept'

/**
 * Writes the statement that lets go of what the migration did not drop after all, and says what is kept.
 *
 * A text may leave open which table it means, so more may have been kept than was lost. What a table was, its id tells, whatever it
 * is called by now.
 */
export const keptCheckBlock = (input: KeptCheckInput): string =>
  sqlBlock({ input, declarations, body, errorState: 'LS008', doing: 'what was kept cannot be told' })

/** The names that `keepBlock` gives. */
export const keptNames = '^k\\d+_\\d+_\\d+_\\d+$'

const declarations = `
  v_kept record;
  v_about jsonb;
  v_still text[];
  v_column text;
  v_report jsonb := '[]';`

/** What was to go and did not: a table with its id, a column with its number. */
const findStill = `
      select coalesce(array_agg(c.name), '{}') into v_still
      from rows from (
        jsonb_array_elements_text(v_about -> 'columns'), jsonb_array_elements_text(v_about -> 'numbers')
      ) as c(name, number)
      where exists (
        select from pg_attribute a
        where a.attrelid = (v_about ->> 'oid')::oid and a.attnum = c.number::int and not a.attisdropped
      );`

const letGo = `
      if v_about ->> 'kind' = 'column' then
        foreach v_column in array v_still loop
          execute format('alter table %s drop column %I', v_kept.name, v_column);
          v_about := jsonb_set(v_about, '{columns}', (v_about -> 'columns') - v_column);
        end loop;
      end if;
      if (v_about ->> 'kind' = 'table' and cardinality(v_still) > 0) or v_about -> 'columns' = '[]' then
        execute format('drop table %s', v_kept.name);
        continue;
      end if;`

const settle = `
      v_about := v_about || jsonb_build_object(
        'open', false, 'receipt', jsonb_build_object('token', v_input -> 'token', 'n', v_input -> 'n')
      );
      v_report := v_report || jsonb_strip_nulls(jsonb_build_object(
        'table', format('%I.%I', v_about ->> 'schema', v_about ->> 'table'),
        'columns', case v_about ->> 'kind' when 'column' then v_about -> 'columns' end,
        'rows', v_about -> 'rows'
      ));`

const body = `
  for v_kept in
    select c.oid::regclass as name, starts_with(c.relname::text, v_input ->> 'prefix') as is_new,
      obj_description(c.oid, 'pg_class')::jsonb as about
    from pg_class c
    where c.relnamespace = to_regnamespace('lockstep_kept') and c.relkind = 'r' and c.relname ~ '${keptNames}'
    order by c.oid
  loop
    v_about := v_kept.about;
    continue when v_about ->> 'migration' <> v_input ->> 'migration';
    if v_kept.is_new then
      ${findStill}
      ${letGo}
    end if;
    continue when not (v_kept.is_new or (v_about ->> 'open')::boolean);
    if (v_input ->> 'last')::boolean then
      ${settle}
    end if;
    execute format('comment on table %s is %L', v_kept.name, v_about);
  end loop;
  perform set_config('${keptSetting}', v_report::text, true);`

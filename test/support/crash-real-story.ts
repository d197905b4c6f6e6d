import { push, type Story } from './crash-world.ts'

const counted = (what: string): string => `update counts set n = n + 1 where what = '${what}';`

const tables = `create table items (id int, name text);
insert into items select i, 'item ' || i from generate_series(1, 20) i;
create table counts (what text primary key, n int not null default 0);
insert into counts (what) values ('table'), ('statements'), ('blocks'), ('locked'), ('failing'), ('late');
create sequence tries;
${counted('table')}`

const builds = `create index concurrently items_id on items (id);
create index concurrently items_name on items (name);`

const statements = `-- lockstep:transaction=none
${counted('statements')}
alter table items add column price int;
update items set price = id * 2 where id <= 10;`

const blocks = `-- lockstep:transaction=file
begin;
${counted('blocks')}
insert into items (id) values (100);
commit;
delete from items where id = 1;
begin;
insert into items (id) values (101);
commit;`

/** A sequence is not rolled back, so the first two attempts fail as an attempt that meets a lock does. */
const locked = `${counted('locked')}
do $$ begin if nextval('tries') < 3 then raise exception 'busy' using errcode = '55P03'; end if; end $$;
create table locked (id int);`

/** Item 100 is there twice, so the first build leaves an invalid index and fails; null names let the corrected one pass. */
const unique = (columns: string): string => `-- lockstep:transaction=none
insert into items (id) values (102);
insert into items (id) values (100);
create unique index concurrently items_unique on items (${columns});`

const first = {
  '1_tables/migration.sql': tables,
  '2_builds/migration.sql': builds,
  '2_builds/verify.sql': `select count(*) = 2 from pg_index where indrelid = 'items'::regclass and indisvalid`,
  '4_statements/migration.sql': statements,
  '5_blocks/migration.sql': blocks,
  '5_blocks/verify.sql': "select n = 1 from counts where what = 'blocks'",
  '6_locked/migration.sql': locked,
  '6_locked/verify.sql': "select n = 1 from counts where what = 'locked'; select count(*) = 0 from locked",
}
const corrected = { ...first, '7_unique/migration.sql': unique('id, name') }
const late = { '3_late/migration.sql': counted('late'), '8_last/migration.sql': 'drop table locked;' }

/** A history on PostgreSQL that goes every way through the engine, except that no step outlasts its slice. */
export const realStory: Story = {
  name: 'real',
  invocationMs: 30_000,
  leaseMs: 400,
  acts: [push({ ...first, '7_unique/migration.sql': unique('id') }), push(corrected), push({ ...corrected, ...late })],
}

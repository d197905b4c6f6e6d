import type { RollbackWish } from '../../functions/domain/records.ts'
import { migrationName } from '../../functions/domain/types.ts'
import { push, rollBack, type Story } from './crash-world.ts'

const counted = (what: string): string => `update counts set n = n + 1 where what = '${what}';`

const tables = `create table items (id int, name text);
insert into items select i, 'item ' || i from generate_series(1, 20) i;
create table counts (what text primary key, n int not null default 0);
insert into counts (what) values ('statements'), ('blocks'), ('locked'), ('unique');
create sequence tries;`

const statements = `-- lockstep:transaction=none
${counted('statements')}
drop index concurrently items_id;
update items set name = name || '!' where id <= 10;`

const blocks = `-- lockstep:transaction=file
begin;
${counted('blocks')}
insert into items (id) values (100);
commit;
insert into items (id) values (101);`

/** A sequence is not rolled back, so the first two attempts fail as an attempt that meets a lock does. */
const locked = `${counted('locked')}
do $$ begin if nextval('tries') < 3 then raise exception 'busy' using errcode = '55P03'; end if; end $$;
drop table locked;`

/** Item 1 is there twice until the next migration. */
const unique = `${counted('unique')}
alter table items add constraint items_unique unique (id);`

const history = {
  '1_tables/migration.sql': tables,
  '1_tables/down.sql': 'drop table items, counts; drop sequence tries;',
  '2_build/migration.sql': 'create index concurrently items_id on items (id);',
  '2_build/down.sql': statements,
  '2_build/verify.down.sql': "select to_regclass('items_id') is null",
  '3_blocks/migration.sql': 'alter table items add column price int;',
  '3_blocks/down.sql': blocks,
  '4_locked/migration.sql': 'create table locked (id int);',
  '4_locked/down.sql': locked,
  '5_unique/migration.sql': "insert into items values (1, 'twice');",
  '5_unique/down.sql': unique,
}
const mended = {
  ...history,
  '6_mended/migration.sql': "delete from items where name = 'twice';",
  '6_mended/down.sql': 'create table mended (id int);',
}

const toTables: RollbackWish = { kind: 'to', migration: migrationName('1_tables') }

/** A history on PostgreSQL that is taken back in every way, at first in vain; its last act leaves what the ways back did to be looked at. */
export const realRollbackStory: Story = {
  name: 'real-back',
  invocationMs: 30_000,
  // Long enough to answer, too short to watch: how often a front looks at its run would depend on the real clock.
  operatorMs: 2_000,
  leaseMs: 400,
  acts: [push(history), rollBack(toTables), push(mended), rollBack(toTables)],
}

/** Migrations with ways back that work, that lose data and that do not work, for a folder `m`. */
export const trickyHistory: Readonly<Record<string, string>> = {
  'm/01_base/migration.sql': `
    create type mood as enum ('sad', 'ok');
    create domain pos as int check (value > 0);
    create table parent (
      id bigint generated always as identity primary key, code varchar(6) not null unique,
      email text not null check (email ~ '^[^@]+@[^@]+$'), m mood not null, p pos not null,
      starts timestamptz not null, ends timestamptz not null check (ends > starts),
      status text not null check (status in ('open', 'closed')), score numeric(4,2) check (score between 0 and 10), tags text[] not null);
    create table child (id uuid primary key, parent_id bigint not null references parent on delete cascade, note text);
    create table nokey (a int, b text);
    create table ev (id bigint generated always as identity, at date not null, primary key (id, at)) partition by range (at);
    create table ev_2026 partition of ev for values from ('2026-01-01') to ('2027-01-01');
    create table hopeless (id int primary key, x text not null check (md5(x) = 'no'));`,
  'm/01_base/down.sql': 'drop table hopeless, ev, nokey, child, parent; drop domain pos; drop type mood;',
  'm/02_enum/migration.sql': "alter type mood add value 'great';",
  'm/02_enum/down.sql': `
    alter table parent alter m type text; drop type mood; create type mood as enum ('sad', 'ok');
    alter table parent alter m type mood using m::mood;`,
  'm/03_rename/migration.sql': 'alter table child rename column note to remark;',
  'm/03_rename/down.sql': 'alter table child rename column remark to note;',
  'm/04_forgets/migration.sql': 'alter table nokey add c int; create index nokey_c on nokey (c);',
  'm/04_forgets/down.sql': 'drop index nokey_c;',
  'm/05_deletes/migration.sql': 'create table letters (id int primary key);',
  'm/05_deletes/down.sql': 'drop table letters; delete from nokey where a = 1;',
  'm/06_stated.sql': '-- lockstep:irreversible letters were sent\nselect 1;',
  'm/07_concurrent.sql': 'create index concurrently nokey_b on nokey (b);',
  'm/07_concurrent.down.sql': 'drop index concurrently nokey_b;',
  'm/08_typo/migration.sql': 'create view v as select * from nokey;',
  'm/08_typo/down.sql': '\ndrop view vv;',
  'm/09_leaves/migration.sql': 'create table once (id int primary key); insert into once values (1);',
  'm/09_leaves/down.sql': 'drop table once; create table again as select 1 as id;',
  'm/10_fussy/migration.sql': `
    create table fussy as select 1 as one from nokey where b is null; insert into fussy select 1 / (a - 1) from nokey;`,
  'm/10_fussy/down.sql': 'drop table fussy;',
  'm/11_seeds.sql': 'create table seeds (id int);',
  'm/11_seeds.down.sql': 'drop table seeds;',
  'm/12_fussy.sql': '-- lockstep:irreversible it is not tried\ninsert into fussy select 1 / (a - 1) from nokey;',
}

/** What `certify` finds out about each of them with five rows. */
export const trickyCertificates: Readonly<Record<string, string>> = {
  '01_base':
    'reversible, loses: "child" (5 of 5 rows), "ev" (5 of 5 rows), "nokey" (5 of 5 rows), "parent" (5 of 5 rows) written after it',
  '02_enum':
    'irreversible: once rows were written after it, down.sql fails: invalid input value for enum mood: "great" (line 3)',
  '03_rename': 'reversible',
  '04_forgets': 'irreversible: after down.sql, column nokey.c is left over',
  '05_deletes': 'reversible, loses: "letters" (5 of 5 rows) written after it; "nokey" (1 of 5 rows) from before it',
  '07_concurrent': 'reversible',
  '08_typo': 'irreversible: down.sql fails: view "vv" does not exist (line 2)',
  '09_leaves': 'irreversible: after down.sql, relation again is left over, column again.id is left over',
  '10_fussy': 'reversible, loses: "fussy" (5 of 5 rows) written after it',
  '11_seeds': 'reversible, loses: "seeds" (5 of 5 rows) written after it',
}

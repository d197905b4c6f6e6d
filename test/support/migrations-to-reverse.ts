/** Migrations without a way back, each of another kind, for a folder `m`: their ways back can be generated. */
export const reversibleKinds: Readonly<Record<string, string>> = {
  'm/01_table/migration.sql': `
    create type mood as enum ('sad', 'ok');
    create table parent (id bigint generated always as identity primary key, name text not null, m mood not null default 'ok', old text not null);
    create table child (id uuid primary key, parent_id bigint not null references parent on delete cascade, n numeric(6,2) default 0);
    create table big (id int, k int, primary key (id, k)) partition by range (k);
    create table big_1 partition of big for values from (0) to (100);`,
  'm/02_enum/migration.sql': "alter type mood add value 'great' after 'ok';",
  'm/03_index.sql': "create unique index parent_name on parent (lower(name)) where m <> 'sad';",
  'm/04_concurrently/migration.sql': 'create index concurrently child_parent on child (parent_id);',
  'm/05_rename/migration.sql': 'alter table parent rename column name to title;\nalter table child rename to kid;',
  'm/06_view/migration.sql': `
    create view titles as select id, title from parent; create materialized view counted as select count(*) as n from parent;
    comment on view titles is 'it''s; a view';`,
  'm/07_trigger/migration.sql': `
    create function stamp() returns trigger language plpgsql as $$ begin new.title := trim(new.title); return new; end $$;
    create trigger stamp before insert or update on parent for each row execute function stamp();`,
  'm/08_partition/migration.sql':
    'create table big_2 partition of big for values from (100) to (200); create index on big (k);',
  'm/09_type/migration.sql':
    "alter table kid alter column n type numeric(12,4), alter column n set not null, add check (n >= 0);\ninsert into parent (title, old) values ('kept', 'value') on conflict do nothing;",
  'm/10_drop/migration.sql': 'drop view titles; alter table parent drop column old; drop table big;',
  'm/11_policy/migration.sql': `
    alter table parent enable row level security; create policy mine on parent for select using (title = current_user);
    grant select on parent to public;`,
  'm/12_extension/migration.sql': 'create extension citext; alter table parent add column mail citext unique;',
  'm/13_fk/migration.sql': `
    alter table parent add column best uuid; alter table parent add foreign key (best) references kid on delete set null deferrable;`,
  'm/14_schema/migration.sql': `
    create schema audit; create sequence audit.n start 5; create domain audit.pos as int check (value > 0);
    create table audit.log (id bigint default nextval('audit.n') primary key, p audit.pos, twice int generated always as (p * 2) stored);`,
  'm/15_data/migration.sql':
    'alter table kid add column flag boolean not null default false;\n\nupdate kid set flag = true;',
}

/** Migrations that no difference of schemas takes back, and a part of what is said of them. */
export const irreversibleKinds: Readonly<Record<string, readonly [string, string]>> = {
  '21_rows': ["insert into parent (name, old) values ('a', 'b');", 'it changes no schema'],
  '22_statistics': ['create statistics st on name, m from parent;', '1 statistics object'],
  '23_cast': ['create cast (mood as int) with inout;', '1 cast'],
}

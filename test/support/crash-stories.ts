import { push, type Story } from './crash-world.ts'

const long = 900_000
const table = (name: string, more = ''): string => `create table ${name} (id int);${more}`
const takes = (ms: number, name: string): string => `select '${name}'; -- takes: ${ms}`

const builds = `-- lockstep:transaction=none
create index concurrently i on a (id);
insert into a values (1);
create index concurrently j on a (id);`

const statements = `-- lockstep:transaction=none
insert into b values (1);
update b set id = 2;
insert into b values (3);`

const blocks = `-- lockstep:transaction=file
begin;
insert into c values (1);
commit;
delete from c;
begin;
insert into c values (2);
commit;`

const failingBuild = `create index concurrently k on a (id);
create unique index concurrently l on a (id) -- fails: 23505
-- leaves: invalid
;`

const verified = {
  '1_a/migration.sql': table('a'),
  '1_a/verify.sql': 'select true -- lock_timeout: 1',
  '2_builds/migration.sql': builds,
  '3_statements/migration.sql': statements,
  '3_statements/verify.sql': 'select true',
}

/** Histories in memory, whose texts say what comes of them; each is another way through the engine. */
export const memoryStories: readonly Story[] = [
  {
    name: 'mixed',
    invocationMs: long,
    acts: [
      push({
        '1_a/migration.sql': table('a'),
        '2_builds/migration.sql': builds,
        '3_statements/migration.sql': statements,
        '4_blocks/migration.sql': blocks,
        '5_locked/migration.sql': table('d', ' -- lock_timeout: 2'),
        '6_e/migration.sql': table('e'),
      }),
    ],
  },
  {
    name: 'failing',
    invocationMs: long,
    acts: [
      push({
        '1_a/migration.sql': table('a'),
        '2_b/migration.sql': table('b', ' -- fails: 42P01'),
        '3_c/migration.sql': table('c'),
      }),
      push({
        '1_a/migration.sql': table('a'),
        '2_b/migration.sql': table('b'),
        '3_c/migration.sql': table('c'),
      }),
    ],
  },
  {
    name: 'failing-unit',
    invocationMs: long,
    acts: [
      push({ '1_a/migration.sql': table('a'), '2_b/migration.sql': failingBuild }),
      push({
        '1_a/migration.sql': table('a'),
        '2_b/migration.sql': failingBuild.replace('fails: 23505', '').replace('leaves: invalid', ''),
      }),
    ],
  },
  {
    name: 'verified',
    invocationMs: long,
    acts: [
      push({ ...verified, '2_builds/verify.sql': 'select false -- returns: false' }),
      push({ ...verified, '2_builds/verify.sql': 'select true' }),
    ],
  },
  {
    name: 'two-slices',
    invocationMs: 8_000,
    leaseMs: 2_000,
    acts: [
      push({
        '1_a/migration.sql': takes(2_500, 'a'),
        '2_b/migration.sql': takes(2_500, 'b'),
        '3_c/migration.sql': takes(2_500, 'c'),
      }),
    ],
  },
  {
    name: 'left-step',
    invocationMs: 7_000,
    leaseMs: 2_000,
    acts: [
      push({
        '1_a/migration.sql': table('a'),
        '2_b/migration.sql': takes(9_000, 'b'),
        '3_c/migration.sql': table('c'),
      }),
    ],
  },
  {
    name: 'left-build',
    invocationMs: 7_000,
    leaseMs: 2_000,
    acts: [
      push({
        '1_a/migration.sql': table('a'),
        '2_b/migration.sql': 'create index concurrently i on a (id) -- takes: 9000\n;',
        '3_c/migration.sql': table('c'),
      }),
    ],
  },
  {
    name: 'out-of-order',
    invocationMs: long,
    acts: [
      push({ '1_a/migration.sql': table('a'), '3_c/migration.sql': table('c') }),
      push({ '1_a/migration.sql': table('a'), '2_b/migration.sql': builds, '3_c/migration.sql': table('c') }),
    ],
  },
  {
    name: 'refused',
    invocationMs: long,
    acts: [
      push({ '1_a/migration.sql': 'creat table a ();' }),
      push({ '1_a/migration.sql': table('a'), '2_b/migration.sql': 'vacuum a;' }),
      push({ '1_a/migration.sql': table('a'), '2_b/migration.sql': 'vacuum a;' }),
    ],
  },
]

import type { RollbackWish } from '../../functions/domain/records.ts'
import { migrationName } from '../../functions/domain/types.ts'
import { letGo, push, rollBack, type Story, type Texts } from './crash-world.ts'

const long = 900_000
/** The operators' front answers at once; how it watches its run is in the other stories. */
const unwatched = 2_000
const to = (name: string): RollbackWish => ({ kind: 'to', migration: migrationName(name) })
const steps = (count: number): RollbackWish => ({ kind: 'steps', count })
const both = (name: string, up: string, down: string): Texts => ({
  [`${name}/migration.sql`]: up,
  [`${name}/down.sql`]: down,
})
const table = (name: string, more = ''): Texts =>
  both(name, `create table t${name} (id int);`, `drop table t${name};${more}`)
const takes = (ms: number): string => ` -- takes: ${ms}`

const alone = both(
  '2_alone',
  'create index concurrently i on t1_a (id);\ncreate index concurrently j on t1_a (id);',
  '-- lockstep:transaction=none\ndrop index concurrently i;\ndrop index concurrently j;',
)

const units = both(
  '3_units',
  'insert into t1_a values (1);',
  `-- lockstep:transaction=none
delete from t1_a;
insert into gone values (1);
create index concurrently k on gone (id);
insert into gone values (2);`,
)

const blocks = both(
  '4_blocks',
  'insert into t1_a values (2);',
  `-- lockstep:transaction=file
begin;
delete from t1_a where id = 2;
commit;
insert into gone values (3);`,
)

const few: Texts = { ...table('1_a'), ...alone, ...table('3_c') }
const mixed: Texts = { ...table('1_a'), ...alone, ...units, ...blocks, ...table('5_locked', ' -- lock_timeout: 2') }

/** Histories in memory that are taken back, each in another way through the engine. */
export const rollbackStories: readonly Story[] = [
  { name: 'back', invocationMs: long, acts: [push(mixed), rollBack(steps(5))] },
  {
    name: 'back-failing',
    invocationMs: long,
    acts: [
      push({ ...table('1_a'), ...table('2_b', ' -- fails: 2BP01'), ...table('3_c') }),
      rollBack(to('1_a')),
      rollBack(steps(1)),
    ],
  },
  {
    name: 'back-failing-unit',
    invocationMs: long,
    acts: [
      push({
        ...table('1_a'),
        ...both(
          '2_b',
          'create table b (id int);',
          '-- lockstep:transaction=none\ndelete from b;\ncreate unique index concurrently l on b (id) -- fails: 23505\n-- leaves: invalid\n;',
        ),
      }),
      rollBack(steps(1)),
    ],
  },
  {
    name: 'back-verified',
    invocationMs: long,
    acts: [
      push({
        ...table('1_a'),
        ...table('2_b'),
        '2_b/verify.down.sql': 'select false -- returns: false',
        ...units,
        '3_units/verify.down.sql': 'select true -- lock_timeout: 1',
      }),
      rollBack(to('1_a')),
    ],
  },
  {
    name: 'back-two-slices',
    operatorMs: unwatched,
    invocationMs: 8_000,
    leaseMs: 2_000,
    acts: [
      push({ ...table('1_a', takes(2_500)), ...table('2_b', takes(2_500)), ...table('3_c', takes(2_500)) }),
      rollBack(steps(3)),
    ],
  },
  {
    name: 'back-left-step',
    invocationMs: 7_000,
    leaseMs: 2_000,
    acts: [push({ ...table('1_a'), ...table('2_b', takes(9_000)), ...table('3_c') }), rollBack(steps(3))],
  },
  {
    name: 'back-left-drop',
    operatorMs: unwatched,
    invocationMs: 7_000,
    leaseMs: 2_000,
    acts: [
      push({
        ...table('1_a'),
        ...both('2_b', 'create index i on t1_a (id);', 'drop index concurrently i -- takes: 9000\n;'),
        ...table('3_c'),
      }),
      rollBack(to('1_a')),
    ],
  },
  {
    name: 'back-and-up',
    operatorMs: unwatched,
    invocationMs: long,
    acts: [push(few), rollBack(to('1_a')), push(few), letGo, push(few), rollBack(steps(1))],
  },
]

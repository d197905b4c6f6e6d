import { describe, expect, test } from 'vitest'
import { seed } from '../../scripts/shadow/seed.ts'
import { readTableShapes } from '../../scripts/shadow/table-shape.ts'
import { createDatabase, withClient } from '../support/postgres.ts'

/** Makes tables and brings each up to five rows. */
const fill = async (sql: string) => {
  await using database = await createDatabase()
  return await withClient(database.superuserUrl, async (client) => {
    await client.query(sql)
    const unfilled = await seed(client, await readTableShapes(client), () => 5)
    const { rows } = await client.query(`select relname, (xpath('/row/c/text()', query_to_xml(
      format('select count(*) as c from %s', c.oid::regclass), false, true, '')))[1]::text::int as count
      from pg_class c where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace order by 1`)
    return { unfilled, counts: Object.fromEntries(rows.map(({ relname, count }) => [relname, count])) }
  })
}

const types = [
  ...[
    'bool',
    'int2',
    'int4',
    'int8',
    'numeric',
    'numeric(3,2)',
    'real',
    'float8',
    'money',
    'text',
    'varchar(1)',
    'char(3)',
    'uuid',
  ],
  ...[
    'date',
    'timestamp',
    'timestamptz(3)',
    'time',
    'timetz',
    'interval',
    'json',
    'jsonb',
    'bytea',
    'inet',
    'cidr',
    'macaddr',
  ],
  ...[
    'bit(4)',
    'varbit(8)',
    'tsvector',
    'tsquery',
    'point',
    'box',
    'circle',
    'int4range',
    'tstzrange',
    'text[]',
    'int[]',
    'xml',
    'name',
  ],
]

describe('rows that fit', () => {
  test.each(types)('given a column of type %s that must not be null, when filled, then it is', async (type) => {
    const { unfilled, counts } = await fill(`create table t (id serial primary key, v ${type} not null)`)
    expect({ unfilled, counts }).toEqual({ unfilled: [], counts: { t: 5 } })
  })

  test.each([
    ['a list of constants', `v text not null check (v in ('open', 'closed'))`],
    ['a range', 'v int not null check (v between 100 and 105)'],
    ['a domain', 'v pos not null'],
    ['an order of two columns', 'a date not null, b date not null, check (a < b)'],
    ['an order the other way', 'a int not null, b int not null, check (a > b)'],
    ['an address', `v text not null check (v like '%@%')`],
    ['one of two', 'a int, b int, check (num_nonnulls(a, b) = 1)'],
    ['a unique enum', 'v mood, unique (v, id)'],
    ['ranges that must not overlap', 'v int4range not null, exclude using gist (v with &&)'],
    ['a generated column', 'a int not null, b int generated always as (a * 2) stored'],
  ])('given %s, when filled, then the rows fit', async (_, columns) => {
    const { unfilled } = await fill(
      `create domain pos as int check (value > 10); create type mood as enum ('a', 'b');
       create table t (id int generated always as identity primary key, ${columns})`,
    )
    expect(unfilled).toEqual([])
  })

  test('given tables that point to others, themselves and one another, when filled, then those come first', async () => {
    const { unfilled, counts } = await fill(`
      create table a_child (p1 int not null, p2 text not null, primary key (p1, p2));
      create table z_parent (p1 int, p2 text, primary key (p1, p2), again int);
      alter table a_child add foreign key (p1, p2) references z_parent;
      create table tree (id int primary key, parent int references tree);
      create table x (id int primary key, y int); create table y (id int primary key, x int not null references x);
      alter table x add foreign key (y) references y;`)
    expect({ unfilled, counts }).toEqual({ unfilled: [], counts: { a_child: 5, tree: 5, x: 5, y: 5, z_parent: 5 } })
  })

  test('given partitions by range, list and hash, when filled, then the rows go where they fit', async () => {
    const { unfilled } = await fill(`
      create table r (at date not null, n int) partition by range (at);
      create table r1 partition of r for values from ('2024-05-01') to ('2024-06-01');
      create table l (k text not null) partition by list (k); create table l1 partition of l for values in ('eu', 'us');
      create table h (id int not null) partition by hash (id);
      create table h0 partition of h for values with (modulus 2, remainder 0);
      create table h1 partition of h for values with (modulus 2, remainder 1);`)
    expect(unfilled).toEqual([])
  })

  test('given what nobody can fill, when filled, then it is told with the reason', async () => {
    const { unfilled, counts } = await fill(`
      create table odd (id int primary key, v text not null check (md5(v) = 'x'));
      create table after (id int primary key, odd int not null references odd);
      create table lonely (k text not null) partition by list (k);`)
    expect(counts).toEqual({ odd: 0, after: 0, lonely: 0 })
    expect(unfilled).toEqual([
      { table: '"odd"', reason: expect.stringContaining('odd_v_check') },
      { table: '"after"', reason: '"odd" has no row to point to' },
      { table: '"lonely"', reason: expect.stringContaining('no partition') },
    ])
  })
})

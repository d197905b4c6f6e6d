import { describe, expect, test } from 'vitest'
import { mayRunAlone, runsAlone } from '../../functions/domain/run-alone.ts'
import { effectOf } from '../../functions/domain/unit-effect.ts'
import { statementOf } from '../support/sql-files.ts'

// Tried on PostgreSQL 18 inside a transaction: it answers 25001 to the first list and not to the second (of the subscriptions only
// when they are enabled and have a slot, as the manual says).
describe('statements that a transaction refuses', () => {
  test.each([
    'create index concurrently i on t (a)',
    'create unique index concurrently if not exists i on t (a)',
    'drop index concurrently i',
    'reindex index concurrently i',
    'reindex (concurrently) table t',
    'reindex (verbose, concurrently true) table t',
    'reindex schema s',
    'reindex schema concurrently s',
    'reindex database',
    'reindex system',
    'vacuum',
    'vacuum full t',
    "alter system set work_mem = '4MB'",
    'alter system reset all',
    'alter table t detach partition p concurrently',
    'create database d',
    'drop database if exists d',
    'alter database d set tablespace s',
    "create tablespace s location '/x'",
    'drop tablespace s',
    "create subscription s connection 'x' publication p",
    'alter subscription s refresh publication',
    'alter subscription s set publication p',
    'alter subscription s add publication p with (refresh = true)',
    'alter subscription s set (two_phase = true)',
    'alter subscription s set (failover = true)',
    'drop subscription s',
    'cluster',
  ])('given `%s`, when it is judged, then it runs alone', (sql) => {
    expect(runsAlone(statementOf(sql))).toEqual(expect.any(String))
  })

  test.each([
    'create index i on t (a)',
    'drop index i',
    'drop table t',
    'reindex index i',
    'reindex (concurrently false) table t',
    'reindex (concurrently off) table t',
    'reindex (concurrently 0) table t',
    'analyze t',
    'alter table t detach partition p',
    'alter table t detach partition p finalize',
    "alter database d set work_mem = '4MB'",
    'alter database d connection limit 10',
    "create subscription s connection 'x' publication p with (create_slot = false)",
    "create subscription s connection 'x' publication p with (connect = off)",
    'alter subscription s set publication p with (refresh = false)',
    'alter subscription s set (binary = true)',
    'alter subscription s disable',
    'cluster t',
    "alter type e add value 'b'",
    'refresh materialized view concurrently mv',
    'checkpoint',
    'create role r',
    'truncate t',
    "select 'create index concurrently'",
    'do $$ begin execute $x$vacuum$x$; end $$',
  ])('given `%s`, when it is judged, then it may run in a transaction', (sql) => {
    expect(runsAlone(statementOf(sql))).toBeUndefined()
  })

  test.each([
    ['call p()', true],
    ['do $$ begin update t set a = 1; commit; end $$', true],
    ['do $$ begin call p(); end $$', true],
    ['do language plpgsql $$ begin COMMIT; end $$', true],
    ['reindex table partitioned', true],
    ['cluster partitioned using i', true],
    ['do $$ begin perform 1; end $$', false],
    ['do $$ begin perform committed from t; end $$', false],
    ['update t set a = 1', false],
  ])('given `%s` in a file of units, when it is judged, then %s: it may need to run alone', (sql, expected) => {
    expect(mayRunAlone(statementOf(sql))).toBe(expected)
  })
})

describe('what the catalog can be asked', () => {
  const repeatable = { kind: 'repeatable' }
  test.each([
    ['create index concurrently i on t (a)', { kind: 'index-built', index: 'i', table: 't' }],
    ['create index concurrently "I" on "S"."T" (a)', { kind: 'index-built', schema: 'S', index: 'I', table: 'T' }],
    ['create index concurrently on t (a)', undefined],
    ['create index i on t (a)', undefined],
    ['drop index concurrently i', { kind: 'index-dropped', index: 'i' }],
    ['drop index concurrently if exists s.i', { kind: 'index-dropped', schema: 's', index: 'i' }],
    ['drop index concurrently db.s.i', { kind: 'index-dropped', schema: 's', index: 'i' }],
    ['drop index i', undefined],
    ['reindex index concurrently s.i', { kind: 'index-rebuilt', schema: 's', name: 'i', of: 'index' }],
    ['reindex (concurrently) table t', { kind: 'index-rebuilt', name: 't', of: 'table' }],
    ['reindex schema concurrently s', { kind: 'index-rebuilt', name: 's', of: 'schema' }],
    ['reindex database concurrently d', { kind: 'index-rebuilt', name: 'd', of: 'database' }],
    ['reindex database concurrently', undefined],
    ['reindex schema s', repeatable],
    ["alter type s.e add value 'v' after 'u'", { kind: 'enum-value', schema: 's', type: 'e', value: 'v' }],
    ["alter type e rename value 'a' to 'b'", undefined],
    [
      'alter table a.t detach partition b.p concurrently',
      { kind: 'partition-detached', schema: 'a', table: 't', partitionSchema: 'b', partition: 'p' },
    ],
    ['alter table t detach partition p concurrently', { kind: 'partition-detached', table: 't', partition: 'p' }],
    ['alter table t add column a int', undefined],
    ['vacuum', repeatable],
    ["alter system set work_mem = '4MB'", repeatable],
    ['cluster', repeatable],
    ['alter database d set tablespace s', repeatable],
    ['drop database if exists d', repeatable],
    ['drop database d', undefined],
    ['create database d', undefined],
    ['alter subscription s refresh publication', repeatable],
    ['alter subscription s add publication p', undefined],
  ])('given `%s`, when it is asked for its effect, then it names what was written', (sql, expected) => {
    expect(effectOf(statementOf(sql))).toEqual(expected)
  })
})

import { describe, expect, test } from 'vitest'
import { refuseForbidden } from '../../functions/domain/forbidden-statements.ts'
import { refusalOf } from '../support/refusal.ts'
import { sqlFile, statementsOf } from '../support/sql-files.ts'

const refuse = (text: string) => refuseForbidden(sqlFile(text), statementsOf(text))

describe('statements that a migration may not have', () => {
  test.each([
    'set role x',
    'set local role x',
    'set session role x',
    'set "ROLE" to x',
    'reset role',
    'set session authorization x',
    'reset session authorization',
    'reset all',
    'discard all',
    'discard plans',
    'discard temp',
    'rollback',
    'abort',
    'commit and chain',
    'rollback and chain',
    "prepare transaction 'x'",
    "commit prepared 'x'",
    "rollback prepared 'x'",
    'set session_replication_role = replica',
    'set standard_conforming_strings = off',
    'set standard_conforming_strings to false',
    'set standard_conforming_strings = 0',
    "set client_encoding = 'LATIN1'",
    "set names 'latin1'",
    'select pg_advisory_unlock(1)',
    'select pg_catalog.pg_advisory_unlock_all()',
    'select 1 from t where exists (select pg_advisory_unlock_shared(1, 2))',
    'with x as (select pg_advisory_unlock(1)) insert into t select * from x',
    'create table c as select pg_advisory_unlock(1)',
    'explain analyze select pg_advisory_unlock(1)',
    'call pg_advisory_unlock(1)',
    "select set_config('role', 'x', false)",
    "select pg_catalog.set_config('SESSION_AUTHORIZATION', 'x', true)",
    "select set_config('client_encoding', 'latin1', false)",
    'begin isolation level serializable',
    'start transaction read only',
    'set transaction isolation level repeatable read',
    "set transaction snapshot '1'",
    "set transaction_isolation = 'serializable'",
    'set local transaction_read_only = on',
  ])('given `%s`, when it is judged, then it is refused with a remedy', async (sql) => {
    const error = await refusalOf(() => refuse(sql))
    expect(error.code).toBe('STATEMENT_FORBIDDEN')
    expect(error.message).toMatch(/ is not allowed in a migration$/)
    expect(error.details.hint).toEqual(expect.any(String))
  })

  test.each(['copy t from stdin', 'copy t (a) from stdin with (format csv)'])(
    'given `%s`, when it is judged, then it is refused as rows that nobody sends',
    async (sql) => {
      expect(await refusalOf(() => refuse(sql))).toMatchObject({ code: 'COPY_FROM_STDIN' })
    },
  )

  test('given a forbidden statement after others, when it is judged, then its place is named', async () => {
    const error = await refusalOf(() => refuse("select 'é';\n  /* who */ set role x;"))
    expect(error.details).toMatchObject({
      migration: 'm',
      place: { file: 'm/migration.sql', line: 2, column: 13, excerpt: '  /* who */ set role x;\n            ^' },
    })
  })
})

describe('statements that only look like them', () => {
  test.each([
    'set search_path = x',
    'set session_preload_libraries to default',
    "set client_encoding = 'UTF8'",
    "set names 'utf-8'",
    'reset client_encoding',
    'set standard_conforming_strings = on',
    'reset standard_conforming_strings',
    "select pg_catalog.set_config('search_path', '', false)",
    'select pg_advisory_xact_lock(1)',
    'create function f() returns bool language sql return pg_advisory_unlock(1)',
    'create view v as select pg_advisory_unlock(1)',
    "select 'pg_advisory_unlock(1)'",
    'alter role r set role to x',
    'alter system reset all',
    'savepoint a; rollback to a; release a',
    'begin; commit; start transaction; end',
    'begin isolation level read committed, read write, deferrable; commit and no chain',
    'set transaction read write',
    'set session characteristics as transaction read only',
    'set default_transaction_isolation = serializable',
    "copy t from '/x'",
    "copy t from program 'x'",
    'copy t to stdout',
    'copy (select 1) to stdout',
    'deallocate all',
    'prepare p as select 1',
  ])('given `%s`, when it is judged, then it is allowed', (sql) => {
    expect(() => refuse(sql)).not.toThrow()
  })
})

import { describe, expect, test } from 'vitest'
import { migrationName } from '../../functions/domain/types.ts'
import { compileVerify } from '../../functions/domain/verify-source.ts'
import { refusalOf } from '../support/refusal.ts'
import { parse } from '../support/sql-files.ts'

const compile = (text: string) => compileVerify({ path: '1_a/verify.sql', text }, migrationName('1_a'), parse)
const kindsOf = (text: string) => compile(text).assertions.map(({ kind }) => kind)

describe('a verify file', () => {
  test('given statements between comments, when it is compiled, then each is kept as it stands, with its place', () => {
    const text = "\uFEFF-- é🚀\r\nselect 'é';\r\n/* why */ do $$ begin end $$;\r\nvalues (true) -- end"
    expect(compile(text)).toEqual({
      path: '1_a/verify.sql',
      text,
      assertions: [
        { sql: "select 'é'", startCodePoint: 8, kind: 'judged' },
        { sql: 'do $$ begin end $$', startCodePoint: 31, kind: 'run' },
        { sql: 'values (true) -- end', startCodePoint: 52, kind: 'judged' },
      ],
      notices: [],
    })
  })

  test.each([
    'select true',
    'values (true)',
    'table t',
    '(select 1) union select 2',
    'with x as (select 1) select * from x',
    'select true from t for update',
  ])('given `%s`, when it is compiled, then its rows are judged', (text) => {
    expect(kindsOf(text)).toEqual(['judged'])
  })

  test.each([
    'select from t',
    'select union select',
    'do $$ begin end $$',
    'set local x.y = 1',
    'explain select false',
    'insert into t values (1) returning false',
    'create temporary table x as select false',
    'show all',
  ])('given `%s`, when it is compiled, then it only has to run', (text) => {
    expect(kindsOf(text)).toEqual(['run'])
  })

  test('given a timeout, when it is compiled, then it is left out with a notice', () => {
    const { assertions, notices } = compile('set statement_timeout = 0; select true')
    expect(assertions.map(({ sql }) => sql)).toEqual(['select true'])
    expect(notices).toMatchObject([{ code: 'TIMEOUT_LEFT_OUT', migration: '1_a' }])
  })

  test('given comments alone, when it is compiled, then nothing is asserted', () => {
    expect(compile('-- nothing').assertions).toEqual([])
  })

  test('given what a verify file may not have, when it is compiled, then the place is in that file', async () => {
    expect(await refusalOf(() => compile('select true;\n select 1 into x'))).toMatchObject({
      code: 'STATEMENT_FORBIDDEN',
      details: { migration: '1_a', place: { file: '1_a/verify.sql', line: 2, column: 2 } },
    })
  })
})

import { describe, expect, test } from 'vitest'
import { compileStep } from '../../functions/domain/compile-step.ts'
import { readHistory } from '../../functions/domain/history.ts'
import type { StepSource } from '../../functions/domain/step-source.ts'
import { memoryFiles } from '../support/memory-files.ts'
import { refusalOf } from '../support/refusal.ts'
import { parse } from '../support/sql-files.ts'

const compileOne = (files: Readonly<Record<string, string>>): StepSource => {
  const source = memoryFiles(files)
  const [migration] = readHistory(source).migrations
  if (!migration) throw new Error('no migration')
  return compileStep(migration, source, parse)
}

describe('a migration’s files', () => {
  test('given up and down, when it is compiled, then the down SQL is kept as it was written', () => {
    const step = compileOne({
      '1_a/migration.sql': 'create table t ();',
      '1_a/down.sql': '\uFEFF-- é\r\ndrop table t;',
    })
    expect(step).toMatchObject({
      migration: { name: '1_a' },
      path: '1_a/migration.sql',
      text: 'create table t ();',
      directives: { transaction: 'step' },
      body: { kind: 'transaction', sql: 'create table t ();', flattened: false },
      wayBack: { down: { path: '1_a/down.sql', text: '\uFEFF-- é\r\ndrop table t;' } },
      notices: [],
    })
  })

  test('given no down, when it is compiled, then there is no way back', () => {
    expect(compileOne({ '1_a/migration.sql': 'select 1' }).wayBack).toEqual({})
  })

  test('given verify files, when it is compiled, then the step has the one, and the way back keeps the other', () => {
    const step = compileOne({
      '1_a/migration.sql': 'select 1',
      '1_a/verify.sql': 'select true',
      '1_a/down.sql': 'select 2',
      '1_a/verify.down.sql': 'select false',
    })
    expect(step.verify).toMatchObject({ path: '1_a/verify.sql', assertions: [{ sql: 'select true', kind: 'judged' }] })
    expect(step.wayBack?.verify).toEqual({ path: '1_a/verify.down.sql', text: 'select false' })
    expect(compileOne({ '1_a/migration.sql': 'select 1' }).verify).toBeUndefined()
  })

  test.each(['down.sql', 'verify.sql', 'verify.down.sql'])(
    'given a bad %s, when it is compiled, then the migration is refused with that file’s place',
    async (name) => {
      const error = await refusalOf(() =>
        compileOne({ '1_a/migration.sql': 'select 1', '1_a/down.sql': 'select 1', [`1_a/${name}`]: '\nselec 1' }),
      )
      expect(error).toMatchObject({
        code: 'SQL_SYNTAX',
        details: { migration: '1_a', place: { file: `1_a/${name}`, line: 2 } },
      })
    },
  )

  test('given remarks on each file, when it is compiled, then all are kept with the file’s name', () => {
    const { notices } = compileOne({
      '1_a/migration.sql': '',
      '1_a/down.sql': '--',
      '1_a/verify.sql': "set lock_timeout = '1s'",
    })
    expect(notices).toMatchObject([
      { code: 'EMPTY_FILE', migration: '1_a', message: expect.stringMatching(/^1_a\/migration\.sql: /) },
      { code: 'EMPTY_FILE', message: expect.stringMatching(/^1_a\/down\.sql: /) },
      { code: 'TIMEOUT_LEFT_OUT', message: expect.stringMatching(/^1_a\/verify\.sql: /) },
    ])
  })

  test('given an irreversible migration with a down file, when it is compiled, then a notice names the contradiction', () => {
    const { notices } = compileOne({
      '1_a/migration.sql': '-- lockstep:irreversible why\nselect 1',
      '1_a/down.sql': 'select 1',
    })
    expect(notices).toMatchObject([{ code: 'IRREVERSIBLE_WITH_DOWN', migration: '1_a' }])
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { closestWord } from '../../functions/domain/closest-word.ts'
import { parseDurationMs } from '../../functions/domain/duration.ts'
import { refusalOf } from '../support/refusal.ts'
import { compile } from '../support/sql-files.ts'

const directivesOf = (text: string) => compile(text).directives
const plain = { transaction: 'step' }

describe('directives at the head of a file', () => {
  test.each([
    ['none', 'select 1', plain],
    ['one', '-- lockstep:transaction=none\nselect 1', { transaction: 'none' }],
    ['one without a blank', '--lockstep:transaction=file\nselect 1', { transaction: 'file' }],
    ['blanks around it', '  --  lockstep: lock_timeout = 3s  \nselect 1', { ...plain, lockTimeoutMs: 3_000 }],
    [
      'a byte-order mark and CRLF',
      '\uFEFF-- lockstep:statement_timeout=10min\r\nselect 1',
      { ...plain, statementTimeoutMs: 600_000 },
    ],
    ['a reason', '-- lockstep:irreversible it drops data\nselect 1', { ...plain, irreversible: 'it drops data' }],
    [
      'other comments between',
      '/* a\n/* b */\n*/\n-- c\n\n-- lockstep:transaction=none\n;\n-- d\nselect 1',
      { transaction: 'none' },
    ],
    ['a loss that is meant', '-- lockstep:preserve=none\nselect 1', { ...plain, preserve: 'none' }],
    ['a file of comments alone', '-- lockstep:irreversible nothing', { ...plain, irreversible: 'nothing' }],
    ['no limit', '-- lockstep:lock_timeout=0\nselect 1', { ...plain, lockTimeoutMs: 0 }],
  ])('given %s, when it is read, then it decides', (_, text, expected) => {
    expect(directivesOf(text)).toEqual(expected)
  })

  test.each([
    ['in a block comment', '/*\n-- lockstep:transaction=none\n*/\nselect 1'],
    ['quoted in another comment', '-- see -- lockstep:transaction=none\nselect 1'],
    ['in a string', "select '\n-- lockstep:transaction=none\n'"],
    ['in a function’s body', 'do $$ begin\n-- lockstep:transaction=none\nend $$'],
    ['in a block comment below', 'select 1;\n/* -- lockstep:transaction=none */'],
    ['quoted in another comment below', 'select 1; -- see -- lockstep:transaction=none'],
    ['as a quoted name', 'select 1 as "-- lockstep:transaction=none"'],
    ['as a cast in a comment', 'select 1; -- lockstep::text is a cast'],
  ])('given a directive’s text %s, when it is read, then it is none', (_, text) => {
    expect(directivesOf(text)).toEqual(plain)
  })
})

describe('directives that are refused', () => {
  test('given an unknown directive, when it is read, then its place and the nearest one are named', async () => {
    const error = await refusalOf(() => compile('-- a\n-- lockstep:lock-timeout=3s\nselect 1'))
    expect(error).toMatchObject({
      code: 'DIRECTIVE_UNKNOWN',
      message: 'unknown directive `lock-timeout`',
      details: {
        migration: 'm',
        place: {
          file: 'm/migration.sql',
          line: 2,
          column: 13,
          excerpt: '-- lockstep:lock-timeout=3s\n            ^',
        },
      },
    })
    expect(error.hint).toContain('did you mean `-- lockstep:lock_timeout`?')
  })

  test('given a word that is like no directive, when it is read, then the known ones are listed', async () => {
    const error = await refusalOf(() => compile('-- lockstep:whatever\nselect 1'))
    expect(error.hint).toBe('known directives: transaction, lock_timeout, statement_timeout, irreversible, preserve')
  })

  test.each([
    ['an empty one', '-- lockstep:', 'DIRECTIVE_UNKNOWN'],
    ['a name of every object', '-- lockstep:constructor=1', 'DIRECTIVE_UNKNOWN'],
    ['a wrong case', '-- lockstep:Transaction=none', 'DIRECTIVE_UNKNOWN'],
    ['no value', '-- lockstep:transaction', 'DIRECTIVE_INVALID'],
    ['an unknown value', '-- lockstep:transaction=off', 'DIRECTIVE_INVALID'],
    ['more than a value', '-- lockstep:transaction=none now', 'DIRECTIVE_INVALID'],
    ['a number without a unit', '-- lockstep:lock_timeout=3000', 'DIRECTIVE_INVALID'],
    ['another way to preserve', '-- lockstep:preserve=all', 'DIRECTIVE_INVALID'],
    ['a reason that is missing', '-- lockstep:irreversible', 'DIRECTIVE_INVALID'],
    ['a repetition', '-- lockstep:transaction=none\n-- lockstep:transaction=none', 'DIRECTIVE_INVALID'],
  ])('given %s, when it is read, then it is refused', async (_, comment, code) => {
    expect(await refusalOf(() => compile(`${comment}\nselect 1`))).toMatchObject({ code })
  })

  test.each([
    ['between two statements', 'select 1;\n-- lockstep:transaction=none\nselect 2', 2, 1],
    ['inside a statement', 'create table t (\n  -- lockstep:transaction=none\n  a int)', 2, 3],
    ['behind the last statement', 'select 1 -- lockstep:transaction=none', 1, 10],
    ['after a string with one', "select '😀 -- lockstep:x' -- lockstep:transaction=none", 1, 26],
    ['before another', 'select 1;\n-- lockstep:a=1\n-- lockstep:b=2\n', 2, 1],
    ['in the body of BEGIN ATOMIC', 'create function f() returns int begin atomic\n--lockstep:a\nselect 1; end', 2, 1],
  ])('given a directive %s, when it is read, then it is refused at its place', async (_, text, line, column) => {
    const error = await refusalOf(() => compile(text))
    expect(error).toMatchObject({ code: 'DIRECTIVE_INVALID', details: { place: { line, column } } })
  })

  test.each([
    ['a verify file', '-- lockstep:transaction=none', 'verify'],
    ['a down file that is irreversible', '-- lockstep:irreversible no', 'down'],
  ] as const)('given a directive in %s, when it is read, then it is refused', async (_, text, role) => {
    expect(await refusalOf(() => compile(text, role))).toMatchObject({ code: 'DIRECTIVE_INVALID' })
  })
})

describe('durations', () => {
  test('given any count and unit, when it is read, then it is in milliseconds or past the server’s limit', () => {
    const units = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000 }
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...Object.entries(units)), (count, [unit, ms]) => {
        const expected = count * ms <= 2_147_483_647 ? count * ms : undefined
        expect(parseDurationMs(`${count}${unit}`)).toBe(expected)
      }),
    )
  })

  test.each(['', '3', '-1s', '1.5s', '3 s', '3sec', "'3s'", '1d', '9999999999h'])(
    'given %j, when it is read, then it is no duration',
    (text) => {
      expect(parseDurationMs(text)).toBeUndefined()
    },
  )
})

describe('the nearest word', () => {
  test.each([
    ['transacton', 'transaction'],
    ['no-transaction', 'transaction'],
    ['LOCK_TIMEOUT', 'lock_timeout'],
    ['lock', undefined],
    ['', undefined],
  ])('given %j, when the nearest is asked, then it is %j', (word, expected) => {
    expect(closestWord(word, ['transaction', 'lock_timeout'])).toBe(expected)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from '../support/sql-files.ts'

const slices = (text: string): readonly string[] => {
  const result = parse(text)
  if (!result.ok) throw new Error(result.error.message)
  const bytes = Buffer.from(text)
  return result.statements.map(({ startByte, endByte }) => bytes.toString('utf8', startByte, endByte))
}

describe('offsets of statements', () => {
  test.each([
    ['an empty text', '', []],
    ['blanks alone', ' \r\n', []],
    ['comments alone', '-- a\n/* b; */', []],
    ['a byte-order mark alone', '\uFEFF', []],
    ['one statement', 'select 1', ['select 1']],
    ['comments around', '-- é😀\nselect 1;\n-- b\nselect 2;\n-- c', ['select 1', 'select 2']],
    ['no semicolon at the end', "select 'é'; select 2 -- c", ["select 'é'", 'select 2 -- c']],
    ['empty statements', ';;select 1;;;select 2;;', ['select 1', 'select 2']],
    ['a byte-order mark and CRLF', '\uFEFF-- é\r\nselect 1;\r\nselect 2;', ['select 1', 'select 2']],
    ['semicolons in strings and bodies', "select ';'; do $$ begin; end $$", ["select ';'", 'do $$ begin; end $$']],
    [
      'a function with BEGIN ATOMIC',
      'create function f() returns int begin atomic select 1; select 2; end; select 3',
      ['create function f() returns int begin atomic select 1; select 2; end', 'select 3'],
    ],
  ])('given %s, when it is parsed, then each statement is cut exactly', (_, text, expected) => {
    expect(slices(text)).toEqual(expected)
  })

  test('given statements and comments in any mixture, when they are parsed, then each is found as it was written', () => {
    const statement = fc.constantFrom('select 1', "select 'é;😀'", 'do $a$ begin; end $a$', 'create table "t;" (a int)')
    const gap = fc.constantFrom('', ' ', '\n', '\r\n', '-- c; é\n', '/* a /* ; */ 😀 */', ';')
    fc.assert(
      fc.property(fc.constantFrom('', '\uFEFF'), fc.array(fc.tuple(gap, statement)), gap, (mark, parts, tail) => {
        const text = `${mark}${parts.map(([before, sql]) => `${before}${sql};`).join('')}${tail}`
        expect(slices(text)).toEqual(parts.map(([, sql]) => sql))
      }),
    )
  })
})

describe('syntax errors', () => {
  test.each([
    ['at the start', 'selec 1', 0],
    ['after an emoji', "select '😀'; selec 2", 12],
    ['after a byte-order mark', '\uFEFFselec 1', 1],
    ['at the end', 'select (', 8],
    ['in an unclosed string', "select 'a", 7],
  ])('given an error %s, when it is parsed, then its position counts code points', (_, text, codePoint) => {
    expect(parse(text)).toMatchObject({ ok: false, error: { codePoint } })
  })

  test('given a statement that nests too deeply, when it is parsed, then it is an error and the next text parses', () => {
    expect(parse(`select ${'1+'.repeat(100_000)}1`)).toMatchObject({ ok: false, error: { codePoint: -1 } })
    expect(parse('select 1')).toMatchObject({ ok: true })
  })
})

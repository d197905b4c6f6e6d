import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseInPieces } from '../../functions/adapters/parse-in-pieces.ts'
import type { ParseResult, SqlParser } from '../../functions/domain/sql-parser.ts'
import { parse } from '../support/sql-files.ts'

/** Where statements lie, or what is wrong; a node's own locations count from its piece, so they are left out. */
const outlineOf = (result: ParseResult) =>
  result.ok
    ? result.statements.map(({ startByte, endByte, node }) => [startByte, endByte, Object.keys(node)[0]])
    : result.error

const statements = fc.constantFrom(
  'select 1',
  "select 'é;\n😀;'",
  'do $$ begin; perform 1; end $$',
  'create function f() returns int begin atomic select 1; select 2; end',
  'create rule r as on insert to t do (select 1; select 2;)',
  'create table ";" (a int)',
  "select E'\\';'",
  '/* ; /* ; */ ; */ select 3',
  '-- ;',
  '',
)
const broken = fc.constantFrom('selec 1', "select 'open", 'select (', '/* open', '\\connect x', '\uFEFFselect 1')
const texts = (piece: fc.Arbitrary<string>) =>
  fc
    .array(fc.tuple(piece, fc.constantFrom(';', ';\n', '\n;\r\n')), { maxLength: 8 })
    .map((parts) => parts.flat().join(''))

describe('reading in pieces', () => {
  test('given any statements, when they are read in pieces of any length, then it is as if they were read at once', () => {
    fc.assert(
      fc.property(texts(statements), fc.integer({ min: 1, max: 80 }), (text, length) => {
        expect(outlineOf(parseInPieces(parse, length)(text))).toEqual(outlineOf(parse(text)))
      }),
    )
  })

  test('given an error anywhere, when it is read in pieces, then message and place are the same', () => {
    const text = fc.tuple(texts(statements), broken, texts(statements)).map((parts) => parts.join(''))
    // A byte-order mark is only skipped at a file's start, so it must not come to stand at a piece's: the bare parser is asked.
    const bare: SqlParser = (sql) => (sql.startsWith('\uFEFF') ? { ok: false, error: markError } : parse(sql))
    const markError = { message: 'syntax error at or near "\uFEFFselect"', codePoint: 0 }
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 80 }), (sql, length) => {
        expect(outlineOf(parseInPieces(bare, length)(sql))).toEqual(outlineOf(bare(sql)))
      }),
    )
  })

  test('given a megabyte of statements, when it is parsed, then no more than a piece is read at once', () => {
    const longest: number[] = []
    const counting: SqlParser = (sql) => {
      longest.push(sql.length)
      return parse(sql)
    }
    parseInPieces(counting, 10_000)('select 1;\n'.repeat(100_000))
    expect(Math.max(...longest)).toBeLessThan(10_100)
  })
})

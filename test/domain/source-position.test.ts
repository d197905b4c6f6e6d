import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  byteOfCodePoint,
  codePointOfByte,
  countCodePoints,
  placeAt,
  placeInSent,
} from '../../functions/domain/source-position.ts'

const bom = '\uFEFF'
const pieces = fc.constantFrom('a', 'ß', '漢', '😀', '👩‍👩‍👧', ' ', '\t', '\n', '\r\n', '\r', ';', "'")
const texts = fc
  .tuple(fc.constantFrom('', bom), fc.array(pieces, { maxLength: 40 }))
  .map(([mark, parts]) => mark + parts.join(''))
const textsWithOffset = texts.chain((text) =>
  fc.tuple(fc.constant(text), fc.integer({ min: 0, max: countCodePoints(text) })),
)

/** The way back: the code point of a line and a column. */
const codePointAt = (text: string, { line, column }: { line: number; column: number }): number => {
  const starts = [
    text.startsWith(bom) ? 1 : 0,
    ...Array.from(text.matchAll(/\r\n|\n|\r/g), (found) => found.index + found[0].length),
  ]
  return countCodePoints(text.slice(0, starts[line - 1])) + column - 1
}

const caretColumn = (excerpt: string): number => excerpt.split('\n')[1]?.indexOf('^') ?? -1

describe('offsets', () => {
  test('given any text, when a code point is turned into a byte and back, then it is the same', () => {
    fc.assert(
      fc.property(textsWithOffset, ([text, offset]) => {
        expect(codePointOfByte(text, byteOfCodePoint(text, offset))).toBe(offset)
      }),
    )
  })

  test('given any text, when an offset is turned into line and column and back, then it is the same', () => {
    fc.assert(
      fc.property(textsWithOffset, ([text, offset]) => {
        // The byte-order mark itself takes no column: it is the same place as the first character.
        const expected = text.startsWith(bom) ? Math.max(1, offset) : offset
        expect(codePointAt(text, placeAt({ path: 'f', text }, offset))).toBe(expected)
      }),
    )
  })

  test.each([
    ['a character after an emoji', 'x 😀 y', 4, 1, 5],
    ['a character after CRLF', 'a\r\nbc', 4, 2, 2],
    ['the LF of a CRLF', 'a\r\nb', 2, 1, 3],
    ['a character after a lone CR', 'a\rb', 2, 2, 1],
    ['the first character after a byte-order mark', `${bom}ab`, 1, 1, 1],
    ['the end of an empty text', '', 0, 1, 1],
    ['the end after a last line break', 'a\n', 2, 2, 1],
  ])('given %s, when its place is asked, then line and column count from 1', (_, text, offset, line, column) => {
    expect(placeAt({ path: 'f', text }, offset)).toMatchObject({ file: 'f', line, column })
  })
})

describe('positions in what was sent', () => {
  test('given a character of two bytes that was blanked, when the server reports a later position, then the place is right', () => {
    const text = "begin /* é */; select 'ü'; selec 1"
    const sql = `${' '.repeat(14)}; select 'ü'; selec 1`
    const reported = countCodePoints(sql.slice(0, sql.indexOf('selec 1')))
    expect(placeInSent({ path: 'f', text }, { sql, startCodePoint: 0 }, reported).column).toBe(
      text.indexOf('selec 1') + 1,
    )
  })

  test('given a unit in the middle of a file, when the server reports a position in it, then the place is the file’s', () => {
    const text = '-- 😀\nselect 1;\nselec 2'
    const startCodePoint = countCodePoints(text.slice(0, text.indexOf('selec 2')))
    expect(placeInSent({ path: 'f', text }, { sql: 'selec 2', startCodePoint }, 6)).toMatchObject({
      line: 3,
      column: 7,
    })
  })
})

describe('excerpts', () => {
  test('given any text, when its place is asked, then the caret stands below the character', () => {
    fc.assert(
      fc.property(textsWithOffset, ([text, offset]) => {
        const { excerpt } = placeAt({ path: 'f', text }, offset)
        expect(excerpt.split('\n')).toHaveLength(2)
        expect(excerpt.endsWith('^')).toBe(true)
      }),
    )
  })

  test('given tabs before the place, when it is shown, then the caret’s line has the same tabs', () => {
    expect(placeAt({ path: 'f', text: '\t\tselec 1' }, 2).excerpt).toBe('\t\tselec 1\n\t\t^')
  })

  test('given wide characters before the place, when it is shown, then the caret is moved by two columns each', () => {
    expect(placeAt({ path: 'f', text: '漢😀é x' }, 4).excerpt).toBe('漢😀é x\n      ^')
  })

  test('given a line of a megabyte, when a place in its middle is shown, then only its surroundings are', () => {
    const text = `${'a'.repeat(500_000)}!${'b'.repeat(500_000)}`
    const { excerpt, column } = placeAt({ path: 'f', text }, 500_000)
    expect(column).toBe(500_001)
    expect(excerpt.split('\n')[0]).toBe(`…${'a'.repeat(60)}!${'b'.repeat(59)}…`)
    expect(caretColumn(excerpt)).toBe(61)
  })

  test('given a line of exactly the width, when its end is shown, then nothing is cut', () => {
    const text = 'a'.repeat(60)
    expect(placeAt({ path: 'f', text }, 60).excerpt).toBe(`${text}\n${' '.repeat(60)}^`)
  })

  test('given control and direction characters, when they are shown, then a terminal sees none of them', () => {
    expect(placeAt({ path: 'f', text: 'a\u001b[31m\u202eb' }, 0).excerpt).toBe('a\uFFFD[31m\uFFFDb\n^')
  })

  test('given a CRLF line, when a place in it is shown, then the line ends before the CR', () => {
    expect(placeAt({ path: 'f', text: 'ab\r\ncd' }, 3).excerpt).toBe('ab\n  ^')
  })
})

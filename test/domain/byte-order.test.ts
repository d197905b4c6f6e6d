import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes } from '../../functions/domain/byte-order.ts'

const text = fc.string({ unit: 'grapheme-composite', maxLength: 8 })

test('given any two texts, when they are compared, then the order is the one of their UTF-8 bytes', () => {
  const property = fc.property(text, text, (a, b) => {
    expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
  })
  fc.assert(property, {
    numRuns: 2000,
    examples: [
      ['\uffff', '\u{10000}'],
      ['a', 'a\u{1f600}'],
      ['', ''],
    ],
  })
})

test('given names with dates and with timestamps, when they are sorted, then `_` comes after digits, as in Prisma', () => {
  const names = ['20251118_remove', '20251118210258_remove', '20251120021242_remove', '20251118_add_mitre']
  expect(names.sort(compareBytes)).toEqual([
    '20251118210258_remove',
    '20251118_add_mitre',
    '20251118_remove',
    '20251120021242_remove',
  ])
})

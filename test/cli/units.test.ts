import { describe, expect, test } from 'vitest'
import { formatAge, formatBytes, formatDuration, parseDuration, parseLifetime } from '../../scripts/cli/units.ts'

describe('durations', () => {
  test.each([
    [0, '0 ms'],
    [0.4, '0 ms'],
    [999, '999 ms'],
    [999.6, '1.00 s'],
    [1_240, '1.24 s'],
    [9_994, '9.99 s'],
    [9_999, '10.0 s'],
    [59_949, '59.9 s'],
    [59_999, '1 min 00 s'],
    [125_000, '2 min 05 s'],
    [3_599_999, '1 h 00 min'],
    [3_720_000, '1 h 02 min'],
  ])('given %d ms, when formatted, then it reads %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  test.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['15m', 900_000],
    ['15min', 900_000],
    ['1 h', 3_600_000],
    ['30d', 2_592_000_000],
  ])('given %s, when parsed, then it is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  test.each(['', '15', 'm', '-1s', '1.5h', '1w', '1constructor'])(
    'given "%s", when parsed, then it is refused',
    (text) => {
      expect(() => parseDuration(text)).toThrow('is not a duration')
    },
  )
})

describe('lifetimes', () => {
  test.each([
    ['30d', 30 * 86_400_000],
    ['3650d', 3_650 * 86_400_000],
    ['12h', 43_200_000],
  ])('given "%s", when parsed, then it is %d ms', (text, ms) => {
    expect(parseLifetime(text)).toBe(ms)
  })

  test.each(['0d', '0s', '3651d', '87601h', '-1d', '1.5d', 'd', '99999999999999999999d'])(
    'given "%s", when parsed, then it is refused',
    (text) => {
      expect(() => parseLifetime(text)).toThrow(/is no lifetime|is not a duration/)
    },
  )
})

test.each([
  [0, 'just now'],
  [12_000, '12 s ago'],
  [180_000, '3 min ago'],
  [47 * 3_600_000, '47 h ago'],
  [49 * 3_600_000, '2 days ago'],
])('given %d ms, when formatted as an age, then it reads %s', (ms, text) => {
  expect(formatAge(ms)).toBe(text)
})

test.each([
  [812, '812 B'],
  [34_400, '34 kB'],
  [999_600, '1.0 MB'],
  [1_240_000, '1.2 MB'],
])('given %d bytes, when formatted, then it reads %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

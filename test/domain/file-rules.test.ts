import { describe, expect, test } from 'vitest'
import { checkDistinct, checkPath, checkText, isFinderFile, isHistoryFile } from '../../functions/domain/file-rules.ts'
import { refusalOf } from '../support/refusal.ts'

describe('paths', () => {
  const unsafe: readonly (readonly [string, string])[] = [
    ['/etc/passwd', 'is absolute'],
    ['../up.sql', 'leaves its folder'],
    ['a/../../up.sql', 'leaves its folder'],
    ['a\\b.sql', 'has a backslash'],
    ['C:/a.sql', 'drive letter'],
    ['c:a.sql', 'drive letter'],
    ['./a.sql', 'empty part'],
    ['a//b.sql', 'empty part'],
    ['', 'empty part'],
    ['a\u0000.sql', 'control character'],
    ['a\nb.sql', 'control character'],
    [`${'a'.repeat(256)}.sql`, '255 bytes'],
    [`${'ä'.repeat(128)}.sql`, '255 bytes'],
  ]
  test.each(unsafe)('given the path %j, when it is checked, then it is refused since it %s', async (path, fault) => {
    const refusal = await refusalOf(() => checkPath(path))
    expect(refusal.code).toBe('BUNDLE_PATH_UNSAFE')
    expect(refusal.message).toContain(fault)
  })

  test.each(['20251118_x/migration.sql', 'a..b/c.sql', 'ünï/日本.sql', 'with space.sql', `${'a'.repeat(251)}.sql`])(
    'given the path %j, when it is checked, then it passes',
    (path) => expect(() => checkPath(path)).not.toThrow(),
  )
})

describe('distinct paths', () => {
  test.each([
    ['the same path twice', ['a.sql', 'a.sql']],
    ['paths that differ by case', ['a.sql', 'A.sql']],
    ['folders that differ by case', ['Init/migration.sql', 'init/down.sql']],
    ['paths that differ by Unicode normalization', ['caf\u00e9.sql', 'cafe\u0301.sql']],
    ['a file and then a folder of that name', ['a.sql', 'a.sql/migration.sql']],
    ['a folder and then a file of that name', ['a.sql/migration.sql', 'a.sql']],
  ])('given %s, when they are checked, then they are refused', async (_, paths) => {
    expect((await refusalOf(() => checkDistinct(paths))).code).toBe('BUNDLE_DUPLICATE')
  })

  test('given several files of one folder, when they are checked, then they pass', () => {
    expect(() => checkDistinct(['a/migration.sql', 'a/down.sql', 'a.sql', 'b/migration.sql'])).not.toThrow()
  })
})

describe('text', () => {
  test('given invalid UTF-8, when it is checked, then the refusal has file and line', async () => {
    const bytes = Buffer.concat([Buffer.from('select 1;\n-- ü\nselect '), Buffer.from([0xff]), Buffer.from('\n')])
    const refusal = await refusalOf(() => checkText('a.sql', bytes))
    expect([refusal.code, refusal.message]).toEqual(['FILE_NOT_UTF8', 'a.sql is not UTF-8 text: line 3 is not UTF-8'])
  })

  test('given UTF-16, when it is checked, then the refusal says so', async () => {
    const refusal = await refusalOf(() => checkText('a.sql', Buffer.from('\ufeffselect 1', 'utf16le')))
    expect([refusal.code, refusal.message]).toEqual(['FILE_NOT_UTF8', 'a.sql is not UTF-8 text: it looks like UTF-16'])
  })

  test('given a NUL byte, when it is checked, then the refusal has file and line', async () => {
    const refusal = await refusalOf(() => checkText('a.sql', Buffer.from('one\ntwo \u0000')))
    expect([refusal.code, refusal.message]).toEqual(['FILE_HAS_NUL', 'a.sql has a NUL byte in line 2'])
  })

  test('given a byte-order mark and CRLF, when they are checked, then they pass', () => {
    expect(() => checkText('a.sql', Buffer.from('\ufeffselect 1;\r\n'))).not.toThrow()
  })
})

test.each([
  ['a/migration.sql', true],
  ['deep/er/x.SQL', true],
  ['migration_lock.toml', true],
  ['sub/migration_lock.toml', false],
  ['README.md', false],
  ['lockstep.json', false],
])('given %s, when it is asked whether it is part of a history, then the answer is %s', (path, expected) => {
  expect(isHistoryFile(path)).toBe(expected)
})

test.each([
  ['__MACOSX/a/._migration.sql', true],
  ['a/.DS_Store', true],
  ['a/._migration.sql', true],
  ['a/migration.sql', false],
  ['a.DS_Store.sql', false],
])('given %s, when it is asked whether Finder left it, then the answer is %s', (path, expected) => {
  expect(isFinderFile(path)).toBe(expected)
})

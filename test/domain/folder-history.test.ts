import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openBundle } from '../../functions/adapters/bundle-reader.ts'
import { packBundle } from '../../functions/adapters/bundle-writer.ts'
import { openFolder } from '../../functions/adapters/folder-history.ts'
import type { FileSource } from '../../functions/domain/file-source.ts'
import { readHistory } from '../../functions/domain/history.ts'
import { defaultLimits } from '../../functions/domain/limits.ts'
import { refusalOf } from '../support/refusal.ts'

const root = mkdtempSync(join(tmpdir(), 'lockstep-folder-'))
afterAll(() => rmSync(root, { recursive: true }))

const folderOf = (files: Readonly<Record<string, string | Uint8Array>>): string => {
  const dir = mkdtempSync(join(root, 'history-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), content)
  }
  return dir
}

const open = (dir: string) => openFolder(dir, defaultLimits)
const textsOf = (source: FileSource) => source.files.map(({ path }) => [path, source.readText(path)])

const good = { '1_a/migration.sql': '\ufeffselect 1;\r\n' }

describe('opening a folder', () => {
  test('given a history among other files, when it is opened, then only the history is taken, as it is', async () => {
    const dir = folderOf({
      ...good,
      '0_b.sql': 'select 2;',
      'README.md': Buffer.from([0xff]),
      'lockstep.json': '{',
      '.DS_Store': Buffer.from([0]),
      '1_a/._migration.sql': Buffer.from([0]),
    })
    expect(textsOf(await open(dir))).toEqual([
      ['0_b.sql', 'select 2;'],
      ['1_a/migration.sql', '\ufeffselect 1;\r\n'],
    ])
  })

  test('given a symbolic link to the folder, when it is opened, then it is followed', async () => {
    const link = join(root, 'link')
    symlinkSync(folderOf(good), link)
    expect((await open(link)).files).toHaveLength(1)
  })

  test('given a path in which nothing lies, when it is opened, then it is refused', async () => {
    expect((await refusalOf(() => open(join(root, 'nowhere')))).code).toBe('PATH_NOT_FOUND')
  })

  test('given the path of a file, when it is opened, then it is refused', async () => {
    expect((await refusalOf(() => open(join(folderOf(good), '1_a/migration.sql')))).code).toBe('PATH_NOT_FOUND')
  })

  test.each([
    ['a migration in Latin-1', 'FILE_NOT_UTF8', { '1_a.sql': Buffer.from('-- \xfc', 'latin1') }],
    ['a NUL in a migration', 'FILE_HAS_NUL', { '1_a.sql': 'a\u0000' }],
    ['a backslash in a name', 'BUNDLE_PATH_UNSAFE', { '1_a\\b.sql': 'a' }],
    ['names that differ by case', 'BUNDLE_DUPLICATE', { '1_a.sql': 'a', '1_A.sql': 'a' }],
  ])('given %s, when the folder is opened, then it is refused as %s', async (_, code, files) => {
    expect((await refusalOf(() => open(folderOf(files)))).code).toBe(code)
  })

  test('given a symbolic link in the folder, when it is opened, then it is refused', async () => {
    const dir = folderOf(good)
    symlinkSync('/etc/passwd', join(dir, '2_b.sql'))
    expect((await refusalOf(() => open(dir))).code).toBe('BUNDLE_SYMLINK')
  })

  test('given a linked folder in the folder, when it is opened, then it is refused', async () => {
    const dir = folderOf(good)
    symlinkSync(folderOf(good), join(dir, '2_b'))
    expect((await refusalOf(() => open(dir))).code).toBe('BUNDLE_SYMLINK')
  })

  test('given a file that changes after it was opened, when it is read, then it is refused', async () => {
    const dir = folderOf(good)
    const bundle = await open(dir)
    writeFileSync(join(dir, '1_a/migration.sql'), 'drop table a;')
    expect((await refusalOf(() => bundle.readText('1_a/migration.sql'))).code).toBe('FILE_CHANGED')
  })

  test.each([
    ['files', 'BUNDLE_TOO_MANY_FILES', 2],
    ['fileBytes', 'BUNDLE_FILE_TOO_LARGE', 10],
    ['inflatedBytes', 'BUNDLE_TOO_LARGE', 20],
  ] as const)(
    'given limits.%s, when one more is there, then it is refused as %s, and the limit itself passes',
    async (limit, code, most) => {
      const dir = folderOf({ '1_a.sql': 'select 1; ', '2_b.sql': 'select 2; ' })
      await expect(openFolder(dir, { ...defaultLimits, [limit]: most })).resolves.toBeDefined()
      expect((await refusalOf(() => openFolder(dir, { ...defaultLimits, [limit]: most - 1 }))).code).toBe(code)
    },
  )

  test('given a folder that is no history, when it is opened, then the walk ends at the limit of entries', async () => {
    const dir = folderOf(Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`${index}/x.txt`, ''])))
    expect((await refusalOf(() => openFolder(dir, { ...defaultLimits, files: 2 }))).code).toBe('BUNDLE_TOO_MANY_FILES')
  })
})

describe('packing what was opened', () => {
  test('given the example history, when it is opened, packed and opened again, then it is the same history', async () => {
    await expectSameHistory(new URL('../../migrations', import.meta.url).pathname)
  })

  const corpora = new URL('../../../shared/corpora/', import.meta.url).pathname
  test.for([
    ['umami', 19, 0],
    ['kratos', 346, 346],
    ['triggerdev', 820, 0],
  ] as const)(
    'given the real history %s, when it is opened, packed and opened again, then it is the same',
    async ([name, count, downs], { skip }) => {
      const dir = join(corpora, name)
      skip(!existsSync(dir), `${dir} is absent`)
      const { migrations } = await expectSameHistory(dir)
      expect([migrations.length, migrations.filter(({ down }) => down !== undefined).length]).toEqual([count, downs])
    },
  )
})

const expectSameHistory = async (dir: string) => {
  const folder = await open(dir)
  const bundle = await openBundle(await packBundle(folder, { source: { commit: 'abc' } }), defaultLimits)
  const history = readHistory(folder)
  expect([bundle.files, bundle.digest]).toEqual([folder.files, folder.digest])
  expect(textsOf(bundle)).toEqual(textsOf(folder))
  expect(readHistory(bundle)).toEqual(history)
  return history
}

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes } from '../../functions/domain/byte-order.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import { readHistory } from '../../functions/domain/history.ts'
import { commonRoot } from '../../functions/domain/history-files.ts'
import { memoryFiles } from '../support/memory-files.ts'
import { refusalOf } from '../support/refusal.ts'

const historyOf = (...paths: string[]) =>
  readHistory(memoryFiles(Object.fromEntries(paths.map((path) => [path, path]))))
const noticesOf = (...paths: string[]) => historyOf(...paths).notices.filter(({ code }) => code !== 'NO_DOWN')

describe('files of a migration', () => {
  test('given a folder with all its files, when it is read, then each has its place and the checksum is of migration.sql', () => {
    const history = historyOf('1_a/migration.sql', '1_a/down.sql', '1_a/verify.sql', '1_a/verify.down.sql')
    expect(history.migrations).toMatchObject([
      {
        name: '1_a',
        form: 'folder',
        checksum: sha256('1_a/migration.sql'),
        up: { path: '1_a/migration.sql' },
        down: { path: '1_a/down.sql' },
        verify: { path: '1_a/verify.sql' },
        verifyDown: { path: '1_a/verify.down.sql' },
      },
    ])
  })

  test('given a loose file with all its companions, when it is read, then each has its place', () => {
    const history = historyOf('1_a.sql', '1_a.down.sql', '1_a.verify.sql', '1_a.verify.down.sql')
    expect(history.migrations).toMatchObject([
      {
        name: '1_a',
        form: 'loose',
        up: { path: '1_a.sql' },
        down: { path: '1_a.down.sql' },
        verify: { path: '1_a.verify.sql' },
        verifyDown: { path: '1_a.verify.down.sql' },
      },
    ])
  })

  test.each(['1_a/rollback.sql', '1_a.rollback.sql'])(
    'given %s in place of a down file, when it is read, then it is the way down',
    (path) => {
      const up = path.startsWith('1_a/') ? '1_a/migration.sql' : '1_a.sql'
      expect(historyOf(up, path).migrations[0]?.down?.path).toBe(path)
    },
  )

  test.each(['init', '日本', '1_a.sql', 'a b', '.hidden'])(
    'given a folder %j with a migration.sql, when it is read, then its whole name is the identity',
    (name) => expect(historyOf(`${name}/migration.sql`).migrations[0]?.name).toBe(name),
  )

  test('given files that are no SQL, when the history is read, then they are not looked at', () => {
    expect(historyOf('1_a/migration.sql', 'README.md', '1_a/notes.txt', 'schema.prisma').migrations).toHaveLength(1)
    expect(noticesOf('1_a/migration.sql', 'README.md', '1_a/notes.txt', 'schema.prisma')).toEqual([])
  })
})

describe('order', () => {
  test('given folders and loose files, when they are read, then they are in byte order of their names', () => {
    const names = historyOf(
      '20251120021242_remove_models/migration.sql',
      '20251118_remove/migration.sql',
      '20251118210258_remove/migration.sql',
      '20251118_add_mitre.sql',
    ).migrations.map(({ name }) => name)
    expect(names).toEqual([
      '20251118210258_remove',
      '20251118_add_mitre',
      '20251118_remove',
      '20251120021242_remove_models',
    ])
  })

  test('given any names in any order, when they are read, then each is there once, in byte order', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => !/[/\p{Cc}]/u.test(text))
    const property = fc.property(fc.uniqueArray(name, { minLength: 1 }), (names) => {
      const read = historyOf(...names.map((each) => `${each}/migration.sql`)).migrations.map((each) => each.name)
      expect(read).toEqual([...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
      expect(read).toEqual([...read].sort(compareBytes))
    })
    fc.assert(property)
  })
})

describe('refusals', () => {
  const cases: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
    [
      'down.sql beside rollback.sql',
      'HISTORY_TWO_DOWNS',
      ['1_a/migration.sql', '1_a/down.sql', '1_a/rollback.sql'],
      ['1_a'],
    ],
    ['both loose down files', 'HISTORY_TWO_DOWNS', ['1_a.sql', '1_a.down.sql', '1_a.rollback.sql'], ['1_a']],
    ['a folder and a loose file of one name', 'HISTORY_DUPLICATE', ['1_a/migration.sql', '1_a.sql'], ['1_a']],
    ['a down.sql alone', 'HISTORY_ORPHAN', ['1_a/down.sql', '2_b/migration.sql'], ['1_a/down.sql']],
    ['a verify.sql alone', 'HISTORY_ORPHAN', ['1_a/verify.sql', '2_b/migration.sql'], ['1_a/verify.sql']],
    ['a loose down alone', 'HISTORY_ORPHAN', ['1_a.down.sql', '2_b.sql'], ['1_a.down.sql']],
    ['a loose down of a folder', 'HISTORY_ORPHAN', ['1_a/migration.sql', '1_a.down.sql'], ['1_a.down.sql']],
    [
      'a verify.down.sql without a way down',
      'HISTORY_ORPHAN',
      ['1_a/migration.sql', '1_a/verify.down.sql'],
      ['1_a/verify.down.sql'],
    ],
    ['a migration.sql at the root', 'HISTORY_ORPHAN', ['migration.sql', 'down.sql'], ['down.sql', 'migration.sql']],
    ['no file', 'HISTORY_EMPTY', [], []],
    ['only a README', 'HISTORY_EMPTY', ['README.md'], []],
    ['migrations one level too deep', 'HISTORY_EMPTY', ['db/1_a/migration.sql', 'app/x.ts'], ['db/1_a/migration.sql']],
  ]
  test.each(cases)(
    'given %s, when the history is read, then it is refused as %s with the names',
    async (_, code, paths, names) => {
      const refusal = await refusalOf(() => historyOf(...paths))
      expect([refusal.code, refusal.details.names ?? []]).toEqual([code, names])
    },
  )

  test.each([
    ['1_a.down.sql', ['1_a/migration.sql'], 'move it into the folder 1_a/'],
    ['1_a.down.sql', ['1_a.up.sql'], 'rename 1_a.up.sql to 1_a.sql'],
    ['down.sql', [], 'give the folder that holds all migrations, not the folder of one'],
  ])(
    'given the orphan %s beside %j, when the history is read, then the hint is the way out',
    async (orphan, others, hint) => {
      expect((await refusalOf(() => historyOf(orphan, ...others))).hint).toBe(hint)
    },
  )
})

describe('migration_lock.toml', () => {
  const withLock = (text: string) =>
    readHistory(memoryFiles({ '1_a/migration.sql': 'select 1', 'migration_lock.toml': text }))

  test.each([
    '# Please do not edit\nprovider = "postgresql"\n',
    "provider='postgresql'",
    '\ufeffprovider = "postgresql"\r\n',
  ])('given the lock %j, when the history is read, then it passes', (text) =>
    expect(withLock(text).migrations).toHaveLength(1),
  )

  test('given the lock of another provider, when the history is read, then the refusal has the place', async () => {
    const refusal = await refusalOf(() => withLock('# Please do not edit\nprovider = "mysql"\n'))
    expect(refusal.code).toBe('PROVIDER_UNSUPPORTED')
    expect(refusal.message).toBe('migration_lock.toml has provider "mysql", expected "postgresql"')
    expect(refusal.details.place).toEqual({
      file: 'migration_lock.toml',
      line: 2,
      column: 12,
      excerpt: 'provider = "mysql"\n           ^',
    })
  })

  test.each(['', '# provider = "postgresql"', 'provider = postgresql', 'provider = "postgres"'])(
    'given the lock %j, when the history is read, then it is refused',
    async (text) => expect((await refusalOf(() => withLock(text))).code).toBe('PROVIDER_UNSUPPORTED'),
  )
})

describe('notices', () => {
  test('given a name without digits, when the history is read, then a notice tells', () => {
    expect(noticesOf('1_a/migration.sql', 'init/migration.sql')).toMatchObject([
      { code: 'NAME_WITHOUT_VERSION', migration: 'init' },
    ])
  })

  test('given dates among timestamps, when the history is read, then a notice tells of each date', () => {
    const paths = ['20251117165822_a', '20251118210258_b', '20251118_c', '20251118_d', '20251120021242_e']
    expect(noticesOf(...paths.map((name) => `${name}/migration.sql`))).toMatchObject([
      { code: 'VERSION_LENGTH', migration: '20251118_c' },
      { code: 'VERSION_LENGTH', migration: '20251118_d' },
    ])
  })

  test('given versions of one length, when the history is read, then no notice is given', () => {
    expect(noticesOf('001_a/migration.sql', '002_b/migration.sql')).toEqual([])
  })

  test('given a loose file among folders, when the history is read, then a notice tells', () => {
    expect(noticesOf('1_a/migration.sql', '2_b.sql')).toMatchObject([{ code: 'LOOSE_FILE', migration: '2_b' }])
  })

  test('given loose files alone and a lock of Prisma, when the history is read, then a notice tells of each', () => {
    const files = memoryFiles({ '1_a.sql': '', 'migration_lock.toml': 'provider = "postgresql"' })
    expect(readHistory(files).notices).toMatchObject([{ code: 'LOOSE_FILE', migration: '1_a' }, { code: 'NO_DOWN' }])
  })

  test('given loose files alone, when the history is read, then no notice speaks of Prisma', () => {
    expect(noticesOf('1_a.sql', '2_b.sql')).toEqual([])
  })

  test('given migrations without a way down, when the history is read, then one notice sums them up', () => {
    const { notices } = historyOf('1_a/migration.sql', '1_a/down.sql', '2_b/migration.sql', '3_c/migration.sql')
    expect(notices).toEqual([{ code: 'NO_DOWN', message: '2 of 3 migrations have no down script: 2_b, 3_c' }])
  })

  test.each(['1_a/deeper/migration.sql', 'deep/down.sql/x.sql', '1_a/seed.sql', '1_a.SQL', '.tmp.sql'])(
    'given the SQL file %s that no rule reads, when the history is read, then a notice tells',
    (path) => expect(noticesOf('1_a/migration.sql', path)).toMatchObject([{ code: 'FILE_NOT_READ' }]),
  )
})

describe('the folder around a zipped history', () => {
  test.each([
    ['one folder around all', ['migrations/1_a/migration.sql', 'migrations/README.md'], 'migrations/'],
    [
      'two folders around all',
      ['prisma/migrations/1_a/migration.sql', 'prisma/migrations/2_b.sql'],
      'prisma/migrations/',
    ],
    ['one migration alone', ['1_a/migration.sql', '1_a/down.sql'], ''],
    ['one orphan alone', ['1_a/down.sql'], ''],
    ['several folders', ['1_a/migration.sql', '2_b/migration.sql'], ''],
    ['a folder beside another one', ['app/x.ts', 'db/1_a/migration.sql'], ''],
    ['a file at the root', ['lockstep.json', 'migrations/1_a/migration.sql'], ''],
    ['nothing', [], ''],
  ])('given %s, when the common root is looked for, then it is found or not', (_, paths, root) => {
    expect(commonRoot(paths)).toBe(root)
  })
})

import { describe, expect, test } from 'vitest'
import { folderWith, lockstep } from '../support/command-line.ts'

const up = (name: string, sql: string) => ({ [`m/${name}/migration.sql`]: sql })
const first = up('1_first', 'create table a (id int);')

const refusals: readonly (readonly [string, Readonly<Record<string, string>>, string, string])[] = [
  [
    'a syntax error after an elephant',
    up('2_b', "select '🐘';\ncreate tabel b;"),
    'SQL_SYNTAX',
    'm/2_b/migration.sql:2:8',
  ],
  [
    'an unknown directive',
    up('2_b', '-- lockstep:trans=none\nselect 1;'),
    'DIRECTIVE_UNKNOWN',
    'm/2_b/migration.sql:1:',
  ],
  ['a ROLLBACK', up('2_b', 'select 1;\n\nrollback;'), 'STATEMENT_FORBIDDEN', 'm/2_b/migration.sql:3:1'],
  ['a COMMIT alone', up('2_b', 'select 1;\ncommit;'), 'TRANSACTION_UNBALANCED', 'm/2_b/migration.sql:2:1'],
  ['rows after COPY', up('2_b', 'copy a from stdin;\n1\n\\.\n'), 'COPY_FROM_STDIN', 'm/2_b/migration.sql:1:1'],
  ['a command of psql', up('2_b', '\\connect other\n'), 'PSQL_COMMAND', 'm/2_b/migration.sql:1:1'],
  ['an error in a down script', { 'm/1_first/down.sql': 'drop tabel a;' }, 'SQL_SYNTAX', 'm/1_first/down.sql:1:6'],
  [
    'another provider',
    { 'm/migration_lock.toml': 'provider = "mysql"\n' },
    'PROVIDER_UNSUPPORTED',
    'migration_lock.toml:1:',
  ],
  ['two ways back', { 'm/1_first/down.sql': '--', 'm/1_first/rollback.sql': '--' }, 'HISTORY_TWO_DOWNS', '1_first'],
  ['a NUL byte', up('2_b', 'select 1;\0'), 'FILE_HAS_NUL', '2_b/migration.sql'],
]

describe('check', () => {
  test('given a good history, when checked, then exit 0 and its size is said', async () => {
    const cwd = folderWith({ ...first, 'm/1_first/down.sql': 'drop table a;' })
    const { code, stdout, stderr } = await lockstep(['check', 'm'], { cwd })
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '✓ 1 migration, 1 with a way back: nothing to refuse\n',
      stderr: '',
    })
  })

  test.each(refusals)(
    'given %s, when checked, then exit 3 with its code and place',
    async (_name, files, error, place) => {
      const cwd = folderWith({ ...first, ...files })
      const { code, stderr } = await lockstep(['check', 'm'], { cwd })
      expect(code).toBe(3)
      expect(stderr).toContain(`error ${error}: `)
      expect(stderr).toContain(place)
    },
  )

  test('given a syntax error, when checked, then a caret stands below its place', async () => {
    const cwd = folderWith({ ...first, ...up('2_b', `select 1;${'\n'.repeat(11)}  create tabel b;`) })
    const { stderr } = await lockstep(['check', 'm'], { cwd })
    expect(stderr).toContain('    12 │   create tabel b;\n       │          ^\n→ ')
  })

  test('given two bad migrations, when checked, then both are told', async () => {
    const cwd = folderWith({ ...first, ...up('2_b', 'selec 1;'), ...up('3_c', 'selec 2;') })
    const { stderr } = await lockstep(['check', 'm'], { cwd })
    expect(stderr.match(/^error SQL_SYNTAX/gm)).toHaveLength(2)
    expect(stderr).toContain('✗ 2 of 3 migrations refused')
  })

  test('given many notices of one code, when checked, then five are shown and the others counted', async () => {
    const names = Array.from({ length: 9 }, (_, index) => `2_${index}`)
    const cwd = folderWith(Object.assign({}, ...names.map((name) => up(name, '-- nothing yet'))))
    const { stdout } = await lockstep(['check', 'm'], { cwd })
    expect(stdout.match(/^notice EMPTY_FILE:/gm)).toHaveLength(5)
    expect(stdout).toContain('… and 4 more of EMPTY_FILE; --json lists them all')
  })

  test('given a bundle, when checked, then it is read as the folder was', async () => {
    const cwd = folderWith({ ...first, ...up('2_b', 'select 1;') })
    await lockstep(['bundle', 'm', '--out', 'b.zip'], { cwd })
    const [folder, zip] = await Promise.all(
      ['m', 'b.zip'].map(async (path) => JSON.parse((await lockstep(['check', path, '--json'], { cwd })).stdout)),
    )
    expect(zip).toEqual(folder)
  })

  test('given a file that is no zip, when checked, then exit 3 says how to make one', async () => {
    const { code, stderr } = await lockstep(['check', 'text.zip'], { cwd: folderWith({ 'text.zip': 'hello' }) })
    expect(code).toBe(3)
    expect(stderr).toContain('error BUNDLE_NOT_A_ZIP')
    expect(stderr).toContain('`lockstep bundle <dir> --out bundle.zip`')
  })
})

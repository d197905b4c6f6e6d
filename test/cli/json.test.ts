import { describe, expect, test } from 'vitest'
import { folderWith, lockstep } from '../support/command-line.ts'

const files = {
  'good/1_first/migration.sql': 'create table a (id int);',
  'good/1_first/down.sql': 'drop table a;',
  'bad/1_first/migration.sql': 'create tabel a (id int);',
  'empty/readme.md': 'nothing here',
}

const unreachable = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'x',
  AWS_SECRET_ACCESS_KEY: 'x',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
  LOCKSTEP_BUNDLE_BUCKET: 'bundles',
  LOCKSTEP_STATUS_FUNCTION: 'status',
}

const documents: readonly (readonly [string, readonly string[], number, string | undefined])[] = [
  ['a new migration', ['new', 'add a'], 0, undefined],
  ['a good history', ['check', 'good'], 0, undefined],
  ['a bundle', ['bundle', 'good', '--out', 'b.zip'], 0, undefined],
  ['a bad history', ['check', 'bad'], 3, 'SQL_SYNTAX'],
  ['a bundle of a bad history', ['bundle', 'bad', '--out', 'b.zip'], 3, 'SQL_SYNTAX'],
  ['a push of a bad history', ['push', 'bad', '--target', 'a'], 3, 'SQL_SYNTAX'],
  ['a folder without migrations', ['check', 'empty'], 3, 'HISTORY_EMPTY'],
  ['a path that is nowhere', ['check', 'nowhere'], 2, 'PATH_NOT_FOUND'],
  ['an unknown command', ['psh'], 2, 'USAGE'],
  ['no command', [], 2, 'USAGE'],
  ['a missing target', ['status'], 2, 'USAGE'],
  ['a bad target name', ['status', '--target', 'A'], 2, 'TARGET_NAME_INVALID'],
  ['an unlock without a function to ask', ['unlock', '--target', 'a', '--reason', 'x'], 6, 'AWS_UNREACHABLE'],
  ['a reconcile without a function to ask', ['reconcile', '--target', 'a'], 2, 'USAGE'],
  ['a list of what is kept without a function to ask', ['kept', 'list', '--target', 'a'], 2, 'USAGE'],
  ['a drop of what is kept without an age', ['kept', 'drop', '--target', 'a'], 2, 'USAGE'],
  ['a game day anywhere else', ['gameday'], 2, 'USAGE'],
  ['no embedded cloud', ['local', 'url', '--target', 'a'], 2, 'LOCAL_NOT_RUNNING'],
  ['a cloud that does not answer', ['push', 'good', '--target', 'a'], 6, 'AWS_UNREACHABLE'],
]

describe('--json', () => {
  test.each(documents)(
    'given %s, when it runs with --json, then standard output is one document',
    async (_name, args, exit, error) => {
      const { code, stdout } = await lockstep([...args, '--json'], { cwd: folderWith(files), env: unreachable })
      const document = JSON.parse(stdout)
      expect(code).toBe(exit)
      expect(document.error?.code).toBe(error)
    },
  )

  test('given a bad history, when check runs with --json, then the error has code, message, hint and place', async () => {
    const { stdout } = await lockstep(['check', 'bad', '--json'], { cwd: folderWith(files) })
    const place = {
      file: 'bad/1_first/migration.sql',
      line: 1,
      column: 8,
      excerpt: 'create tabel a (id int);\n       ^',
    }
    expect(JSON.parse(stdout).error).toEqual({
      code: 'SQL_SYNTAX',
      message: 'syntax error at or near "tabel"',
      hint: expect.any(String),
      migration: '1_first',
      place,
    })
  })

  test('given a notice, when check runs with --json, then people still read it on standard error', async () => {
    const { stderr } = await lockstep(['check', 'bad', '--json'], { cwd: folderWith(files) })
    expect(stderr).toContain('notice NO_DOWN:')
    expect(stderr).toContain('error SQL_SYNTAX:')
  })
})

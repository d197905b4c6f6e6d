import { describe, expect, test } from 'vitest'
import { folderWith, lockstep } from '../support/command-line.ts'

const mistakes: readonly (readonly [string, readonly string[], string, string])[] = [
  ['an unknown command', ['psh'], 'error USAGE: unknown command "psh"', 'did you mean `push`?'],
  ['an unknown command unlike any', ['xylophone'], 'unknown command "xylophone"', 'see `lockstep --help`'],
  ['an unknown verb', ['local', 'upp'], 'unknown command "upp"', 'did you mean `up`?'],
  ['an unknown option', ['check', 'm', '--jsno'], 'unknown option "--jsno"', 'did you mean `--json`?'],
  ['a missing argument', ['check'], 'missing required argument "dir|zip"', 'see `lockstep check --help`'],
  ['one argument too many', ['check', 'a', 'b'], 'too many arguments', 'see `lockstep check --help`'],
  ['a missing target', ['push', 'm'], 'required option "--target <name>" not specified', 'see `lockstep push --help`'],
  ['no target after --target', ['status', '--target'], 'argument missing', 'see `lockstep status --help`'],
  ['no reason', ['unlock', '--target', 'a'], '--reason', 'see `lockstep unlock --help`'],
  [
    'a freeze and a thaw at once',
    ['unlock', '--target', 'a', '--reason', 'x', '--freeze', '--thaw'],
    '"--freeze" cannot be used with option "--thaw"',
    'see `lockstep unlock --help`',
  ],
  ['a bad target name', ['status', '--target', 'Orders'], 'error TARGET_NAME_INVALID: "Orders"', '[a-z0-9]'],
  ['a bad run id', ['status', '--target', 'a', '--run', 'x'], '"x" is not a run\'s id', 'lists them'],
  ['a bad duration', ['push', 'm', '--target', 'a', '--timeout', 'soon'], '"soon" is not a duration', '15m'],
  [
    'a path that is nowhere',
    ['check', 'nowhere'],
    'error PATH_NOT_FOUND: there is no folder or file nowhere',
    'folder',
  ],
  ['a bundle to bundle', ['bundle', 'b.zip', '--out', 'c.zip'], 'is a bundle already', 'give the folder'],
  [
    'a zip with --reapply',
    ['push', 'b.zip', '--target', 'a', '--reapply', 'x'],
    '--reapply needs the folder',
    'folder',
  ],
  [
    'a migration to reapply that the folder has not',
    ['push', 'm', '--target', 'a', '--reapply', '1_first', 'firs'],
    '--reapply names firs, which the history has not',
    'did you mean 1_first?',
  ],
  ['a folder to write that is nowhere', ['bundle', 'm', '--out', 'no/b.zip'], "no/b.zip can't be written", 'exists'],
]

const history = { 'm/1_first/migration.sql': 'create table a (id int);' }

describe('usage errors', () => {
  test.each(mistakes)(
    'given %s, when the command runs, then exit 2 with an error and a hint',
    async (_name, args, error, hint) => {
      const cwd = folderWith(history)
      await lockstep(['bundle', 'm', '--out', 'b.zip'], { cwd })
      const { code, stdout, stderr } = await lockstep(args, { cwd })
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toContain(error)
      expect(stderr.slice(stderr.indexOf('→ '))).toContain(hint)
    },
  )

  test('given no bucket in the environment, when push runs, then exit 2 names the variables and the embedded cloud', async () => {
    const cwd = folderWith(history)
    const { code, stderr } = await lockstep(['push', 'm', '--target', 'orders'], { cwd })
    expect(code).toBe(2)
    expect(stderr).toContain('LOCKSTEP_BUNDLE_BUCKET')
    expect(stderr).toContain('LOCKSTEP_STATUS_FUNCTION')
    expect(stderr).toContain('`lockstep local up`')
  })

  test.each([
    ['push', 'm', '--target', 'orders', '--local'],
    ['status', '--target', 'orders', '--local'],
    ['local', 'url', '--target', 'orders'],
    ['local', 'env'],
  ])('given no embedded cloud, when %s %s … needs it, then exit 2 says how to start it', async (...args) => {
    const { code, stderr } = await lockstep(args, { cwd: folderWith(history) })
    expect(code).toBe(2)
    expect(stderr).toContain('error LOCAL_NOT_RUNNING')
    expect(stderr).toContain('`lockstep local up`')
  })
})

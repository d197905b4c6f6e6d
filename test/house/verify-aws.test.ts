import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { markdownOf } from '../../scripts/verify-aws/markdown.ts'
import { type AwsCheck, readChecks } from '../../scripts/verify-aws/read-checks.ts'
import { runCheck } from '../../scripts/verify-aws/run-check.ts'
import { checkVariables, neededOutputs, readStack } from '../../scripts/verify-aws/stack-outputs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { unknownWords } from '../support/typed-command.ts'

// starts programs, which a busy machine takes its time for
vi.setConfig({ testTimeout: 60_000 })

const root = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(root, 'docs', 'aws-unproved.md'), 'utf8')
const checks = await readChecks()
const prelude = join(root, 'scripts', 'verify-aws', 'prelude.sh')
const sourceOf = ({ file }: AwsCheck): string => readFileSync(file, 'utf8')

const makeFolder = async (): Promise<string> => {
  const folder = await temporaryFolder()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  return folder.path
}

describe('docs/aws-unproved.md', () => {
  test('given the checks, when the page is read, then it has their table as it is printed', () => {
    expect(page).toContain(markdownOf(checks))
  })
})

describe.each(checks.map((check) => [check.id, check] as const))('check %s', (_, check) => {
  test('given its script, when bash reads it, then it is well-formed', () => {
    expect(spawnSync('bash', ['-n', check.file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
  })

  test('given the capitalized variables that it reads, when the outputs are listed, then each is one of them', () => {
    const own = ['Target', 'Stack']
    const read = [...sourceOf(check).matchAll(/\$\{?([A-Z][A-Za-z]*[a-z]\w*)/g)].map(([, name = '']) => name)
    expect(read.filter((name) => ![...own, ...neededOutputs].includes(name))).toEqual([])
  })

  test('given the variables that it wants, when its script is read, then it uses each', () => {
    const wanted = check.wants.filter((want) => !/^\w+=/.test(want)).map((want) => want.split(/[,;]/, 1)[0] ?? '')
    expect(wanted.filter((name) => !sourceOf(check).includes(`$${name}`))).toEqual([])
  })

  test('given the commands of ours that it runs, when the command line is asked, then it has each with those options', () => {
    const typed = [
      ...sourceOf(check).matchAll(/\blockstep ((?:push|status|rollback|reconcile|audit verify) [^|)>\n]+)/g),
    ]
    expect(typed.flatMap(([, line = '']) => unknownWords(line.trim()))).toEqual([])
  })
})

describe('a check that is run', () => {
  const run = async (script: string, more: Partial<AwsCheck> = {}) => {
    const file = join(await makeFolder(), 'check.sh')
    writeFileSync(file, script)
    const check: AwsCheck = { id: 'own', claim: 'it works', wrong: 'it does not', wants: [], ...more, file }
    return await runCheck(check, { PATH: process.env.PATH ?? '', Target: 'verify' })
  }

  test('given a script that ends with 0, when it is run, then its claim is shown', async () => {
    expect(await run('expect target verify "$Target"')).toMatchObject({ result: 'shown', reason: '' })
  })

  test('given an expectation that is not met, when it is run, then it is not shown, with both values', async () => {
    const ended = await run('expect answer 42 "$(echo 41)"\necho never')
    expect(ended).toMatchObject({ result: 'not shown', reason: 'answer: expected 42, got 41' })
  })

  test('given a command that fails, when it is run, then it is not shown, with what the command said', async () => {
    const ended = await run('echo "An error occurred (AccessDenied)" >&2\nfalse')
    expect(ended).toMatchObject({ result: 'not shown', reason: 'An error occurred (AccessDenied)' })
  })

  test.each([
    ['succeeds', 'true', 'not shown', 'expected AccessDenied, but this was allowed: true'],
    ['fails otherwise', 'ls /none/such', 'not shown', 'expected AccessDenied, got: '],
    ['is denied', 'eval "echo AccessDenied; exit 1"', 'shown', ''],
  ] as const)(
    'given a command that %s, when a denial is expected, then that is told',
    async (_, command, result, reason) => {
      const ended = await run(`refused AccessDenied ${command}`)
      expect(ended.result).toBe(result)
      expect(ended.reason).toContain(reason)
    },
  )

  test('given a condition that never comes true, when it is waited for, then the waiting ends and says for what', async () => {
    expect(await run('within 0 false')).toMatchObject({ result: 'not shown', reason: 'gave up waiting for: false' })
  })

  test('given a check that does not apply, when it is run, then it is skipped, with its reason', async () => {
    expect(await run('skip "no secret here"')).toMatchObject({ result: 'skipped', reason: 'no secret here' })
  })

  test('given a variable that is wanted and not set, when it is run, then it is skipped and the variable named', async () => {
    const ended = await run('fail never', { wants: ['LOCKSTEP_VERIFY_KEY, a key'] })
    expect(ended).toMatchObject({ result: 'skipped', reason: 'set LOCKSTEP_VERIFY_KEY' })
  })
})

describe('the outputs of a deploy', () => {
  const outputs = Object.fromEntries(neededOutputs.map((id) => [id, `the-${id}`]))
  const write = async (content: unknown): Promise<string> => {
    const file = join(await makeFolder(), 'outputs.json')
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
    return file
  }

  test('given one stack, when its outputs are read, then checks and command line find what they want', async () => {
    const stack = await readStack(await write({ Shop: outputs }), undefined)
    expect(checkVariables(stack, 'verify')).toMatchObject({
      Stack: 'Shop',
      Target: 'verify',
      AuditTable: 'the-AuditTable',
      LOCKSTEP_BUNDLE_BUCKET: 'the-BundleBucket',
    })
  })

  test.each([
    ['no file', undefined, undefined, 'holds no outputs of a deploy'],
    ['half a file', '{', undefined, 'holds no outputs of a deploy'],
    ['two stacks', { A: outputs, B: outputs }, undefined, 'has the stacks A, B'],
    ['a stack of another name', { A: outputs }, 'C', 'has the stacks A'],
    ['a stack that lacks one', { A: { ...outputs, AuditTable: undefined } }, undefined, 'lacks the outputs AuditTable'],
  ])(
    'given %s, when the outputs are read, then it is refused with what is wrong',
    async (_, content, name, message) => {
      const file = content === undefined ? '/none/such.json' : await write(content)
      await expect(readStack(file, name)).rejects.toThrow(message)
    },
  )
})

describe('the command', () => {
  const verify = (...args: string[]) => {
    const script = join(root, 'scripts', 'verify-aws', 'verify-aws.ts')
    return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })
  }
  let listed: ReturnType<typeof verify>
  beforeAll(() => {
    listed = verify('--list')
  })

  test('given --list, when it is run, then every check is named and none is run', () => {
    expect(listed.status).toBe(0)
    expect(
      listed.stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(checks.map(({ id }) => id))
  })

  test.each([
    [['--only', 'nope', '--list'], 'no check is named nope'],
    [[], '--outputs and --target are missing'],
    [['--colour'], "Unknown option '--colour'"],
  ])('given %j, when it is run, then it exits with 2 and says why', (args, message) => {
    const run = verify(...args)
    expect(run.stderr).toContain(message)
    expect(run.status).toBe(2)
  })

  test('given what the checks source, when bash reads it, then it is well-formed', () => {
    expect(spawnSync('bash', ['-n', prelude]).status).toBe(0)
  })
})

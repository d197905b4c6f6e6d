import { execFile } from 'node:child_process'
import { parseArgs, promisify } from 'node:util'
import { errorTable, exitCodes } from '../../functions/domain/error-table.ts'
import { LockstepError, toFailure } from '../../functions/domain/errors.ts'
import { failureText } from '../cli/failure-text.ts'
import { showProgress } from '../cli/live-line.ts'
import { createOutput, type Output } from '../cli/output.ts'
import { table } from '../cli/table.ts'
import { formatDuration } from '../cli/units.ts'
import { markdownOf } from './markdown.ts'
import { type AwsCheck, readChecks } from './read-checks.ts'
import { refuseForeignTarget } from './refuse-foreign-target.ts'
import { type CheckResult, runCheck } from './run-check.ts'
import { checkVariables, readStack } from './stack-outputs.ts'

const help = `Usage: npm run verify:aws -- --outputs outputs.json --target <name> [options]

Shows in a real account what no emulator can: IAM's decisions, Object Lock, the ways through the network, and more. It needs
a deployed stack, the AWS CLI (2.23 or newer) with an administrator's credentials, and a target on a database that nobody
needs: migrations are pushed to it and rolled back.

Options:
  --outputs <file>  what \`cdk deploy --outputs-file\` wrote
  --stack <name>    which of the file's stacks, if it has several
  --target <name>   a target that holds nothing yet
  --only <id>       one check, or several: --only run --only rollback
  --list            name the checks, and run none
  --markdown        print them as docs/aws-unproved.md has them
  --json            print one JSON document
  -h, --help        show this help

Exit codes: 0 all that applies was shown, 2 usage, 4 something was not shown.
`

const options = {
  outputs: { type: 'string' },
  stack: { type: 'string' },
  target: { type: 'string' },
  only: { type: 'string', multiple: true },
  list: { type: 'boolean' },
  markdown: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Shows in an account what only an account can show, check by check, and prints a table. */
async function verifyAws(argv: readonly string[], output: Output): Promise<number> {
  const { values } = readArguments(argv)
  const checks = chosen(await readChecks(), values.only)
  if (values.help === true) return print(output, help.trimEnd())
  if (values.markdown === true) return print(output, markdownOf(checks).trimEnd())
  if (values.list === true) return print(output, ...table(checks.map(({ id, claim }) => [id, claim])))
  if (values.outputs === undefined || values.target === undefined) throw usage('--outputs and --target are missing')
  const stack = await readStack(values.outputs, values.stack)
  const env = { ...(process.env as Record<string, string>), ...checkVariables(stack, values.target) }
  await requireAwsCli()
  await refuseForeignTarget(values.target, env)
  const results = await runAll(checks, env, output)
  show(results, output)
  if (output.json)
    process.stdout.write(`${JSON.stringify({ stack: stack.name, target: values.target, results }, null, 2)}\n`)
  return results.some(({ result }) => result === 'not shown') ? exitCodes.failed : 0
}

const readArguments = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options, strict: true })
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error))
  }
}

const usage = (message: string): LockstepError =>
  new LockstepError('USAGE', message, { hint: 'see `npm run verify:aws -- --help`' })

const chosen = (checks: readonly AwsCheck[], only: readonly string[] | undefined): readonly AwsCheck[] => {
  const ids = checks.map(({ id }) => id)
  const unknown = only?.filter((id) => !ids.includes(id)) ?? []
  if (unknown.length > 0) throw usage(`no check is named ${unknown.join(', ')}; there are ${ids.join(', ')}`)
  return only === undefined ? checks : checks.filter(({ id }) => only.includes(id))
}

const print = (output: Output, ...lines: readonly string[]): number => {
  for (const line of lines) output.line(line)
  return 0
}

const requireAwsCli = async (): Promise<void> => {
  await promisify(execFile)('aws', ['--version']).catch(() => {
    throw new LockstepError('USAGE', 'the AWS CLI is not there, expected `aws` on the PATH', {
      hint: 'install it: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html',
    })
  })
}

const runAll = (checks: readonly AwsCheck[], env: Readonly<Record<string, string>>, output: Output) =>
  showProgress(output, async (say, above): Promise<readonly CheckResult[]> => {
    const results: CheckResult[] = []
    for (const check of checks) {
      say(`${results.length + 1} of ${checks.length}: ${check.claim}`)
      const result = await runCheck(check, env)
      results.push(result)
      above(`  ${marks[result.result]} ${result.id}`)
    }
    return results
  })

const marks = { shown: '✓', 'not shown': '✗', skipped: '-' } as const

const show = (results: readonly CheckResult[], output: Output): void => {
  const rows = results.map((one) => [one.id, one.result, formatDuration(one.tookMs), one.claim])
  for (const line of [
    '',
    ...table([['check', 'result', 'took', 'what it shows'], ...rows], ['left', 'left', 'right']),
  ]) {
    output.line(line)
  }
  for (const { id, result, reason } of results) {
    if (result === 'shown') continue
    output.line(`\n${output.paint(result === 'skipped' ? 'yellow' : 'red', `${id} ${result}:`)} ${reason}`)
  }
}

const json = process.argv.includes('--json')
const output = createOutput(process, { json, dumb: process.env.TERM === 'dumb' })
process.exitCode = await verifyAws(process.argv.slice(2), output).catch((thrown: unknown) => {
  const failure = toFailure(thrown)
  for (const line of failureText(failure, output)) output.errorLine(line)
  if (json) process.stdout.write(`${JSON.stringify({ error: failure }, null, 2)}\n`)
  return exitCodes[errorTable[failure.code].kind]
})

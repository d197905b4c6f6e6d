import { CommanderError } from 'commander'
import { errorTable, exitCodes } from '../../functions/domain/error-table.ts'
import { asLockstepError, toFailure } from '../../functions/domain/errors.ts'
import type { Context, Outcome } from './command.ts'
import { failuresText } from './failure-text.ts'
import { createOutput, type Output, type Streams } from './output.ts'
import { createProgram } from './program.ts'
import { usageError } from './usage-error.ts'

/** The process as the command line sees it. */
export interface Invocation extends Streams {
  /** Without the program's own two. */
  readonly argv: readonly string[]
  readonly env: Context['env']
  readonly cwd: string
}

const nothingToShow: Outcome = { document: {}, failures: [] }

/**
 * Runs one command line; never throws.
 *
 * With `--json` exactly one document goes to standard output, also when the command failed; it has an `error` if and only if the
 * exit code is not 0.
 *
 * @returns the exit code
 */
export async function runCommandLine(invocation: Invocation): Promise<number> {
  const { argv, env, cwd, stdout } = invocation
  const json = argv.includes('--json')
  const output = createOutput(invocation, { json, dumb: env.TERM === 'dumb' })
  const outcome = await perform(invocation, { output, env, cwd })
  if (outcome === 'help-shown') return 0
  const { document, failures, closing } = outcome
  for (const line of failuresText(failures, output)) output.errorLine(line)
  if (closing !== undefined) output.errorLine(closing)
  const [error] = failures
  if (json) stdout.write(`${JSON.stringify({ ...document, ...(error && { error }) }, null, 2)}\n`)
  return error === undefined ? 0 : exitCodes[errorTable[error.code].kind]
}

const perform = async ({ argv, stdout, stderr }: Invocation, context: Context): Promise<Outcome | 'help-shown'> => {
  let outcome = nothingToShow
  const program = createProgram({
    write: (text) => stdout.write(text),
    writeError: (text) => context.output.json || stderr.write(text),
    act: async (command) => {
      outcome = await command(context)
    },
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return outcome
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 'help-shown'
    const failure = toFailure(thrown instanceof CommanderError ? usageError(thrown, program, argv) : thrown)
    if (failure.code === 'INTERNAL') showStack(thrown, context.output)
    return { document: {}, failures: [failure] }
  }
}

/** A bug's stack is what a report of it needs. */
const showStack = (thrown: unknown, output: Output): void => {
  const { stack, cause } = asLockstepError(thrown)
  output.errorLine(output.paint('dim', (cause instanceof Error ? cause.stack : stack) ?? String(thrown)))
}

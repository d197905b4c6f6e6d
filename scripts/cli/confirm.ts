import { createInterface } from 'node:readline/promises'
import { LockstepError } from '../../functions/domain/errors.ts'

/**
 * Asks the person at the terminal for a yes; where there is no terminal, nobody can be asked, and the command goes on.
 *
 * @throws LockstepError INTERRUPTED for any other answer
 */
export async function confirm(question: string): Promise<void> {
  if (process.stdin.isTTY !== true) return
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`${question} [y/N] `)
    if (/^y(es)?$/i.test(answer.trim())) return
  } finally {
    terminal.close()
  }
  throw new LockstepError('INTERRUPTED', 'not confirmed', { hint: 'nothing was changed; --yes skips the question' })
}

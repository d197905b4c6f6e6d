import type { Command, CommanderError } from 'commander'
import { LockstepError } from '../../functions/domain/errors.ts'

/** Words what the option parser refused as an error of ours, with the next thing to type. */
export function usageError(error: CommanderError, program: Command, argv: readonly string[]): LockstepError {
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n')
  const path = commandPath(program, argv)
  const message = error.code === 'commander.help' ? missingCommand(path) : first.replaceAll("'", '"').replace(/\.$/, '')
  const hint = suggested(suggestion) ?? `see \`${path} --help\``
  return new LockstepError('USAGE', message, { hint })
}

const missingCommand = (path: string): string => `\`${path}\` needs a command after it`

/** Turns "(Did you mean push?)" into a hint. */
const suggested = (suggestion: string | undefined): string | undefined => {
  const words = /^\(Did you mean (?:one of )?(.*)\?\)$/.exec(suggestion ?? '')?.[1]
  return words === undefined
    ? undefined
    : `did you mean ${words
        .split(', ')
        .map((word) => `\`${word}\``)
        .join(' or ')}?`
}

/** The commands that were recognised, as typed: `lockstep audit verify`. */
const commandPath = (program: Command, argv: readonly string[]): string => {
  const names = [program.name()]
  let command = program
  for (const word of argv) {
    const next = command.commands.find((candidate) => candidate.name() === word)
    if (next === undefined) break
    names.push(next.name())
    command = next
  }
  return names.join(' ')
}

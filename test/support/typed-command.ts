import type { Command } from 'commander'
import { createProgram } from '../../scripts/cli/program.ts'

const program = createProgram({ write: () => {}, writeError: () => {}, act: async () => {} })

/** Lists what the command line does not know of a command that a text tells people to type: its options, or all of it. */
export function unknownWords(line: string): readonly string[] {
  const words = line.split(/\s+/)
  let command: Command = program
  for (const word of words) command = command.commands.find((verb) => verb.name() === word) ?? command
  if (command === program) return words
  const options = command.options.flatMap(({ long, short }) => [long, short])
  return words.filter((word) => /^--?[a-z]/.test(word) && !options.includes(word))
}

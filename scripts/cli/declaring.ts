import type { Context, Outcome } from './command.ts'

/** Runs a command, once its options are read. */
export type Act = (command: (context: Context) => Promise<Outcome>) => Promise<void>

/** Shows below a command's options how it is typed. */
export const examples = (...lines: readonly string[]): string =>
  `\nExample${lines.length === 1 ? '' : 's'}:\n${lines.map((line) => `  $ ${line}\n`).join('')}`

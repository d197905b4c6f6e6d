import { type ErrorKind, errorTable, exitCodes } from '../functions/domain/error-table.ts'

/** Prints the tables of `docs/errors.md` from the error table, so that they never have to be typed. */
const titles: Readonly<Record<ErrorKind, string>> = {
  usage: 'Usage: the command was typed wrong',
  refused: 'Refused: an expected no, before anything ran',
  failed: 'Failed: a migration failed',
  held: 'Held: the lease, or a wait, ran out',
  unreachable: 'Unreachable: AWS or the database did not answer',
  bug: 'Bug: ours',
  interrupted: 'Interrupted: by you',
}

for (const [kind, title] of Object.entries(titles)) {
  process.stdout.write(`\n## ${title}\n\n| code | exit | how to go on |\n|---|---|---|\n`)
  for (const [code, entry] of Object.entries(errorTable)) {
    if (entry.kind === kind) process.stdout.write(`| \`${code}\` | ${exitCodes[entry.kind]} | ${entry.hint} |\n`)
  }
}

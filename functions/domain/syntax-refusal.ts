import { copyRefusal, isCopyFromStdin } from './copy-from-stdin.ts'
import type { LockstepError } from './errors.ts'
import { psqlCommandAt } from './psql-commands.ts'
import { countCodePoints, indexOfCodePoint } from './source-position.ts'
import { refusal, type SqlFile } from './sql-file.ts'
import type { SqlParser, SqlSyntaxError } from './sql-parser.ts'

/** The parser quotes the whole rest of the file after an unclosed quote; a message needs only its beginning. */
const longestMessage = 120

/** Characters that look like a space or like nothing, and come with text that was copied from a page. */
const invisible = /[\u00A0\u1680\u2000-\u200D\u202F\u205F\u2060\u3000\uFEFF]/

/** What the parser takes for one word: every character beyond ASCII is a letter to it. */
const word = /^[\w$\u0080-\uFFFF]+/

const variable = /^:['"]?[A-Za-z_]/

/**
 * Explains why a file can't be parsed: rows of a COPY, a psql command, or plainly a syntax error.
 *
 * The parser stops at the first thing that is not SQL, so a backslash *there* is no part of a string.
 */
export const syntaxRefusal = (file: SqlFile, error: SqlSyntaxError, parse: SqlParser): LockstepError => {
  const { codePoint } = error
  const index = indexOfCodePoint(file.text, codePoint)
  const copyByte = copyBefore(file.text.slice(0, index), parse)
  if (copyByte !== undefined) return copyRefusal(file, copyByte)
  const rest = file.text.slice(index)
  const command = psqlCommandAt(rest)
  if (command) {
    const { name, ...remedy } = command
    return refusal(file, {
      code: 'PSQL_COMMAND',
      message: `\\${name} is a command of psql, not SQL`,
      codePoint,
      ...remedy,
    })
  }
  return plainRefusal(file, error, rest)
}

/** Finds the COPY … FROM STDIN whose rows begin where the parser stopped: the last statement before that place. */
const copyBefore = (before: string, parse: SqlParser): number | undefined => {
  const result = parse(before.slice(0, before.lastIndexOf(';') + 1))
  const last = result.ok ? result.statements.at(-1) : undefined
  return last && isCopyFromStdin(last.node) ? last.startByte : undefined
}

const plainRefusal = (file: SqlFile, { message, codePoint }: SqlSyntaxError, rest: string): LockstepError => {
  // "at end of input" points behind the file's last line break, where there is nothing to show.
  const shownAt = rest === '' ? countCodePoints(file.text.trimEnd()) : codePoint
  const hint = hintFor(rest)
  return refusal(file, {
    code: 'SQL_SYNTAX',
    message: shorten(message),
    codePoint: shownAt,
    ...(hint !== undefined && { hint }),
  })
}

const hintFor = (rest: string): string | undefined => {
  if (variable.test(rest))
    return 'write the value itself; variables (`:name`) are filled in by psql, which is not used here'
  const found = invisible.exec(word.exec(rest)?.[0] ?? '')
  if (!found) return undefined
  const code = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
  return `replace the invisible character U+${code} by a plain space, or remove it`
}

const shorten = (message: string): string => {
  const line = message.split(/[\r\n]/, 1)[0] ?? ''
  return line.length > longestMessage || line.length < message.length
    ? `${line.slice(0, longestMessage).toWellFormed()}…`
    : line
}

import { countCodePoints, indexOfCodePoint } from './source-position.ts'
import { refusal, type SqlFile } from './sql-file.ts'
import type { SqlParser } from './sql-parser.ts'

/** A comment line `-- lockstep:<text>` at the head of a file, and where its text begins. */
export interface DirectiveComment {
  readonly text: string
  readonly codePoint: number
}

const mark = /^--[ \t]*lockstep[ \t]*:/i

/** The same anywhere in a file; two colons are a cast, and no directive has one. */
const marks = /--[ \t]*lockstep[ \t]*:(?!:)/gi

/**
 * Finds the directives among the comments before a file's first statement.
 *
 * @param leading the text before the first statement, which the parser found to be comments, blanks and `;` alone
 */
export const leadingDirectives = (leading: string): readonly DirectiveComment[] =>
  lineComments(leading).flatMap(({ text, index }) => {
    const prefix = mark.exec(text)?.[0]
    if (prefix === undefined) return []
    const value = text.slice(prefix.length)
    const blanks = value.length - value.trimStart().length
    return [{ text: value.trim(), codePoint: countCodePoints(leading.slice(0, index + prefix.length + blanks)) }]
  })

/**
 * Refuses a directive below the first statement, which would silently do nothing.
 *
 * Whether such a line is a comment, or part of a string, a function's body or another comment, the parser decides: with its dashes
 * replaced by parentheses, a text or a comment still parses, and what was a comment's beginning can't.
 *
 * @param leading the text before the first statement
 * @throws LockstepError DIRECTIVE_INVALID
 */
export const refuseMisplaced = (file: SqlFile, leading: string, parse: SqlParser): void => {
  const found = Array.from(file.text.matchAll(marks), ({ index }) => index).filter((index) => index >= leading.length)
  if (found.length === 0) return
  const altered = file.text.slice(leading.length).replace(marks, (match) => `((${match.slice(2)}`)
  const result = parse(leading + altered)
  if (result.ok) return
  const errorIndex = indexOfCodePoint(file.text, result.error.codePoint)
  const index = found.findLast((start) => start <= errorIndex) ?? found[0] ?? 0
  const codePoint = countCodePoints(file.text.slice(0, index))
  const message = 'a directive below the first statement has no effect'
  throw refusal(file, { code: 'DIRECTIVE_INVALID', message, codePoint, hint: 'move the line to the top of the file' })
}

interface LineComment {
  readonly text: string
  readonly index: number
}

const lineComments = (leading: string): readonly LineComment[] => {
  const comments: LineComment[] = []
  for (let index = 0; index < leading.length; ) {
    const end = tokenEnd(leading, index)
    if (leading.startsWith('--', index)) comments.push({ text: leading.slice(index, end), index })
    index = end
  }
  return comments
}

const tokenEnd = (text: string, index: number): number => {
  if (text.startsWith('--', index)) return lineEnd(text, index)
  return text.startsWith('/*', index) ? blockEnd(text, index) : index + 1
}

const lineEnd = (text: string, index: number): number => {
  const length = text.slice(index).search(/[\r\n]/)
  return length < 0 ? text.length : index + length
}

/** Block comments nest in PostgreSQL. */
const blockEnd = (text: string, start: number): number => {
  const marker = /\/\*|\*\//g
  marker.lastIndex = start
  let depth = 0
  for (let found = marker.exec(text); found; found = marker.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return marker.lastIndex
  }
  return text.length
}

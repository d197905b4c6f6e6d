import type { SourcePlace } from './errors.ts'
import { excerptOf } from './source-excerpt.ts'

/** A file's path and its whole text, byte-order mark and CRLF included. */
export interface SourceText {
  readonly path: string
  readonly text: string
}

const byteOrderMark = '\uFEFF'
const lineBreak = /\r\n|\n|\r/g

/**
 * Finds line, column and excerpt of an offset.
 *
 * @param codePoint 0-based, at most the text's length; a byte-order mark counts as one but takes no column, as in editors.
 */
export const placeAt = ({ path, text }: SourceText, codePoint: number): SourcePlace => {
  const index = indexOfCodePoint(text, codePoint)
  const { line, lineStart, lineEnd } = lineAround(text, index)
  const column = countCodePoints(text.slice(lineStart, Math.max(lineStart, index))) + 1
  const at = Math.min(Math.max(lineStart, index), lineEnd)
  return { file: path, line, column, excerpt: excerptOf(text, { lineStart, lineEnd, at }) }
}

/**
 * Finds the place in the file of a position that PostgreSQL reported in the text it was sent.
 *
 * @param sent the text that was sent and the file's code point at which it begins. What was blanked in it has kept its bytes but
 *   not its code points, so the way back goes through bytes.
 * @param codePoint 0-based in `sent.sql`: PostgreSQL's `position`, less 1, less the code points of what was put before it.
 */
export const placeInSent = (
  source: SourceText,
  sent: { readonly sql: string; readonly startCodePoint: number },
  codePoint: number,
): SourcePlace => {
  const startByte = byteOfCodePoint(source.text, sent.startCodePoint)
  return placeAt(source, codePointOfByte(source.text, startByte + byteOfCodePoint(sent.sql, codePoint)))
}

/** Turns a 0-based code point index into a UTF-8 byte offset. */
export const byteOfCodePoint = (text: string, codePoint: number): number =>
  Buffer.byteLength(text.slice(0, indexOfCodePoint(text, codePoint)))

/** Turns a UTF-8 byte offset, which must lie on the first byte of a character, into a 0-based code point index. */
export const codePointOfByte = (text: string, byte: number): number =>
  countCodePoints(Buffer.from(text).toString('utf8', 0, byte))

/** Turns a 0-based code point index into an index of JavaScript's UTF-16 string. */
export const indexOfCodePoint = (text: string, codePoint: number): number => {
  let index = 0
  for (let seen = 0; seen < codePoint && index < text.length; seen += 1) index += isPair(text, index) ? 2 : 1
  return index
}

/** Counts the code points of a text, which is what PostgreSQL calls characters. */
export const countCodePoints = (text: string): number => {
  let count = 0
  for (let index = 0; index < text.length; count += 1) index += isPair(text, index) ? 2 : 1
  return count
}

const isPair = (text: string, index: number): boolean => (text.codePointAt(index) ?? 0) > 0xffff

const lineAround = (text: string, index: number) => {
  let line = 1
  let lineStart = text.startsWith(byteOrderMark) ? 1 : 0
  for (const found of text.matchAll(lineBreak)) {
    const next = found.index + found[0].length
    // A position inside a CRLF still belongs to the line that it ends.
    if (next > index) return { line, lineStart, lineEnd: found.index }
    line += 1
    lineStart = next
  }
  return { line, lineStart, lineEnd: text.length }
}

import type { ParsedStatement, ParseResult, SqlParser } from '../domain/sql-parser.ts'

/**
 * Follows a piece on its last line, to find out whether its `;` ends a statement: where it lies in a string, a comment,
 * parentheses or a BEGIN ATOMIC body, this is no statement of its own.
 */
const probe = ' commit'

/**
 * Makes a parser that reads a long text piece by piece, with the same result: the parser's memory grows with what it is given at
 * once (about a hundred times the text) and is never given back.
 *
 * A piece ends with a `;` and must parse by itself, with the probe as a statement of its own; else it is taken twice as long. That
 * such a `;` also ends a statement of the whole text is no guess: lexer and grammar read from left to right, so up to there they are
 * in the same state in both.
 *
 * @param pieceLength what is tried first, in UTF-16 units; a single longer statement is read whole
 */
export const parseInPieces =
  (parse: SqlParser, pieceLength: number): SqlParser =>
  (sql) => {
    const statements: ParsedStatement[] = []
    let [index, byte] = [0, 0]
    while (index < sql.length) {
      const { piece, result } = nextPiece(parse, sql.slice(index), pieceLength)
      if (!result.ok) return moveError(result, sql.slice(0, index))
      statements.push(...result.statements.map((statement) => moveStatement(statement, byte)))
      index += piece.length
      byte += Buffer.byteLength(piece)
    }
    return { ok: true, statements }
  }

const nextPiece = (parse: SqlParser, rest: string, pieceLength: number): { piece: string; result: ParseResult } => {
  for (let length = pieceLength; length < rest.length; length *= 2) {
    const end = rest.indexOf(';', length) + 1
    if (end === 0) break
    const piece = rest.slice(0, end)
    const statements = probed(parse, piece)
    if (statements) return { piece, result: { ok: true, statements } }
  }
  return { piece: rest, result: parse(rest) }
}

const probed = (parse: SqlParser, piece: string): readonly ParsedStatement[] | undefined => {
  const result = parse(piece + probe)
  const last = result.ok ? result.statements.at(-1) : undefined
  const isOwnStatement = last?.startByte === Buffer.byteLength(piece) + 1
  return result.ok && isOwnStatement ? result.statements.slice(0, -1) : undefined
}

const moveStatement = ({ startByte, endByte, node }: ParsedStatement, byte: number): ParsedStatement => ({
  startByte: startByte + byte,
  endByte: endByte + byte,
  node,
})

const moveError = (result: ParseResult & { readonly ok: false }, before: string): ParseResult => {
  const { message, codePoint } = result.error
  return { ok: false, error: { message, codePoint: codePoint < 0 ? codePoint : codePoint + Array.from(before).length } }
}

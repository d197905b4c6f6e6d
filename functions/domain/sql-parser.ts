/**
 * A statement as PostgreSQL's own parser sees it. Offsets are UTF-8 *byte* offsets into the parsed text; the statement's `;` and
 * the comments before it lie outside.
 */
export interface ParsedStatement {
  readonly startByte: number
  readonly endByte: number
  /** The parser's node, for example `{ CreateStmt: {…} }`; the `location`s inside it may count from anywhere. */
  readonly node: Readonly<Record<string, unknown>>
}

/** A syntax error; the position is a 0-based index in *code points*, -1 when the parser gave none. */
export interface SqlSyntaxError {
  readonly message: string
  readonly codePoint: number
}

export type ParseResult =
  | { readonly ok: true; readonly statements: readonly ParsedStatement[] }
  | { readonly ok: false; readonly error: SqlSyntaxError }

/**
 * Parses one file; synchronous, since the parser was loaded when it was made. An empty text and one of comments alone have no
 * statements; a leading byte-order mark is skipped and counted in the offsets.
 */
export type SqlParser = (sql: string) => ParseResult

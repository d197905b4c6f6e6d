import { setFlagsFromString } from 'node:v8'
import type { ParsedStatement, ParseResult, SqlParser } from '../domain/sql-parser.ts'
import { parseInPieces } from './parse-in-pieces.ts'

const byteOrderMark = '\uFEFF'
const byteOrderMarkBytes = 3

/** Keeps the parser's own memory small; nearly every migration is shorter and read at once. */
const pieceLength = 256 * 1024

/**
 * V8's optimising compiler takes some 300 MB and twice the processor's time for the grammar's huge functions, and never earns it
 * back: 820 migrations are parsed in 80 ms and 90 MB without it, in 240 ms and 360 MB with it. Only WebAssembly is concerned.
 */
const withoutOptimiser = ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']

/**
 * Loads PostgreSQL's own parser (libpg-query, the grammar of PostgreSQL 18) and returns it as a `SqlParser`.
 *
 * Loading takes about 20 ms once a process; a second call costs nothing. Callers parse file by file, since a file's trees take some
 * twenty times its size. A leading byte-order mark is skipped, as psql does, and offsets stay those of the given text.
 */
export const loadSqlParser = async (): Promise<SqlParser> => {
  for (const flag of withoutOptimiser) setFlagsFromString(flag)
  // The package compiles its WebAssembly when it is imported, so it must not be before the flags are set.
  const library = await import('libpg-query')
  await library.loadModule()
  const parse = parseInPieces((sql) => parseBare(library, sql), pieceLength)
  return (sql) => (sql.startsWith(byteOrderMark) ? shift(parse(sql.slice(1))) : parse(sql))
}

type Library = typeof import('libpg-query')

const parseBare = (library: Library, sql: string): ParseResult => {
  // The library throws on an empty string, which is a text without statements.
  if (sql === '') return { ok: true, statements: [] }
  try {
    return { ok: true, statements: statementsOf(library, sql) }
  } catch (thrown) {
    return { ok: false, error: errorOf(library, thrown) }
  }
}

const statementsOf = (library: Library, sql: string): readonly ParsedStatement[] => {
  const totalBytes = Buffer.byteLength(sql)
  // Location is left out where it is 0; length where the statement reaches to the end of the text.
  return (library.parseSync(sql).stmts ?? []).map(({ stmt, stmt_location: start = 0, stmt_len: length }) => ({
    startByte: start,
    endByte: length ? start + length : totalBytes,
    node: { ...stmt },
  }))
}

const errorOf = (library: Library, thrown: unknown) => {
  if (library.hasSqlDetails(thrown)) {
    return { message: thrown.message, codePoint: thrown.sqlDetails?.cursorPosition ?? -1 }
  }
  return { message: 'the parser cannot read this; a statement may nest too deeply', codePoint: -1 }
}

const shift = (result: ParseResult): ParseResult => {
  if (!result.ok) {
    const { message, codePoint } = result.error
    return { ok: false, error: { message, codePoint: codePoint < 0 ? codePoint : codePoint + 1 } }
  }
  const statements = result.statements.map(({ startByte, endByte, node }) => ({
    startByte: startByte + byteOrderMarkBytes,
    endByte: endByte + byteOrderMarkBytes,
    node,
  }))
  return { ok: true, statements }
}

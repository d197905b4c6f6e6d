import { describe, expect, test } from 'vitest'
import { refusalOf } from '../support/refusal.ts'
import { statementsOf } from '../support/sql-files.ts'

const placeOf = async (text: string) => (await refusalOf(() => statementsOf(text))).details.place

describe('splitting', () => {
  test('given several statements, when a file is split, then each has its kind and fields', () => {
    expect(statementsOf('create table t (a int); vacuum t')).toMatchObject([
      { kind: 'CreateStmt', fields: { relation: { relname: 't' } } },
      { kind: 'VacuumStmt', startByte: 24, endByte: 32 },
    ])
  })
})

describe('syntax errors', () => {
  test('given an error after CRLF, tabs and an emoji, when a file is split, then line, column and caret are right', async () => {
    const error = await refusalOf(() => statementsOf("select 1;\r\n\tselect '😀'; alter tabel t;"))
    expect(error).toMatchObject({
      code: 'SQL_SYNTAX',
      message: 'syntax error at or near "tabel"',
      details: {
        migration: 'm',
        place: { line: 2, column: 20, excerpt: "\tselect '😀'; alter tabel t;\n\t                   ^" },
      },
    })
  })

  test('given a statement that breaks off, when a file is split, then the caret stands behind its last word', async () => {
    expect(await placeOf('select (\n\n\n')).toMatchObject({ line: 1, column: 9 })
  })

  test('given a string that is never closed, when a file is split, then the message does not quote the rest of the file', async () => {
    const error = await refusalOf(() => statementsOf(`select 'a\n${'secret '.repeat(1000)}`))
    expect(error.message).toBe('unterminated quoted string at or near "\'a…')
  })

  test.each([
    ['a no-break space', 'create\u00a0table t (a int)', 'U+00A0'],
    ['a byte-order mark in the middle', 'select 1;\n\uFEFFselect 2', 'U+FEFF'],
  ])('given %s, when a file is split, then the hint names the invisible character', async (_, text, name) => {
    expect((await refusalOf(() => statementsOf(text))).hint).toContain(name)
  })

  test('given a variable of psql, when a file is split, then the hint says who fills it in', async () => {
    expect((await refusalOf(() => statementsOf("select :'name'"))).hint).toContain('psql')
  })

  test('given a statement too deep for the parser, when a file is split, then it is refused without a place', async () => {
    const error = await refusalOf(() => statementsOf(`select ${'1+'.repeat(100_000)}1`))
    expect(error).toMatchObject({ code: 'SQL_SYNTAX' })
    expect(error.details.place).toBeUndefined()
  })
})

describe('commands of psql', () => {
  test.each([
    ['restrict', '\\restrict abc\nselect 1;'],
    ['unrestrict', 'select 1;\n\\unrestrict abc'],
    ['connect', '\\connect other'],
    ['i', 'select 1;\n  \\i other.sql'],
    ['.', 'select 1;\n\\.\n'],
    ['gset', 'select 1 as a \\gset'],
    ['dt', '\\dt'],
    ['d', '\\d+ t'],
    ['echo', "\\echo it's"],
    ['!', '\\! ls'],
    ['copy', '\\copy t from x.csv'],
  ])('given \\%s, when a file is split, then it is named', async (name, text) => {
    const error = await refusalOf(() => statementsOf(text))
    expect(error).toMatchObject({ code: 'PSQL_COMMAND', message: `\\${name} is a command of psql, not SQL` })
  })

  test('given \\restrict after a comment, when a file is split, then place and remedy are given', async () => {
    const error = await refusalOf(() => statementsOf('-- dump\n\n\\restrict k3y\n'))
    expect(error.details.place).toMatchObject({ line: 3, column: 1 })
    expect(error.hint).toBe('remove the line; pg_dump writes it for psql alone')
  })

  test.each([
    ['a word that psql does not know', '\\nonsense'],
    ['a syntax error before it', 'selec 1;\n\\connect x'],
  ])('given %s, when a file is split, then it is a syntax error', async (_, text) => {
    expect(await refusalOf(() => statementsOf(text))).toMatchObject({ code: 'SQL_SYNTAX' })
  })

  test.each([
    ['a string', "select '\n\\connect x\n'"],
    ['a body', 'do $$ begin\n\\connect x\nend $$'],
    ['a comment', 'select 1;\n--\n/*\n\\connect x\n*/'],
  ])('given a backslash in %s, when a file is split, then it is none of psql’s', (_, text) => {
    expect(statementsOf(text)).toHaveLength(1)
  })
})

describe('rows of COPY', () => {
  test.each([
    ['numbers', '1\t2\n\\.\n'],
    ['words', 'abc\tdef\n\\.\n'],
    ['an unclosed quote', "'tis\n\\.\n"],
    ['semicolons', ';;\n;a\n\\.\n'],
    ['nothing', '\\.\n'],
  ])('given rows with %s after COPY, when a file is split, then the COPY is refused', async (_, rows) => {
    const error = await refusalOf(() => statementsOf(`select 1;\nCOPY public.t (a, b) FROM stdin;\n${rows}`))
    expect(error).toMatchObject({ code: 'COPY_FROM_STDIN', details: { place: { line: 2, column: 1 } } })
  })

  test('given a COPY from a file before a syntax error, when a file is split, then it is the syntax error', async () => {
    expect(await refusalOf(() => statementsOf("copy t from '/x';\nselec"))).toMatchObject({ code: 'SQL_SYNTAX' })
  })
})

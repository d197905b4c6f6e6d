import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blank } from '../../functions/domain/blanking.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import { refusalOf } from '../support/refusal.ts'
import { compile, parse, transactionSqlOf, unitsOf } from '../support/sql-files.ts'

const byteLengths = (text: string): readonly number[] => text.split(/\r\n|\n|\r/).map((line) => Buffer.byteLength(line))

describe('blanking', () => {
  test('given any text and ranges, when they are blanked, then bytes, lines and everything else stay', () => {
    const input = fc.tuple(
      fc.string({ unit: 'grapheme' }),
      fc.array(fc.tuple(fc.nat(60), fc.nat(20)), { maxLength: 3 }),
    )
    fc.assert(
      fc.property(input, ([text, pairs]) => {
        const bytes = Buffer.from(`é\r\n${text}\n😀`)
        const ranges = pairs.map(([startByte, length]) => ({
          startByte,
          endByte: Math.min(bytes.length, startByte + length),
        }))
        const blanked = blank(bytes, ranges)
        expect(blanked).toHaveLength(bytes.length)
        for (const [index, byte] of bytes.entries()) {
          const isInside = ranges.some(({ startByte, endByte }) => startByte <= index && index < endByte)
          const isKept = !isInside || byte === 0x0a || byte === 0x0d
          expect(blanked[index]).toBe(isKept ? byte : 0x20)
        }
      }),
    )
  })

  test('given any mixture of statements, when it is compiled to one transaction, then every line keeps its bytes', () => {
    const statement = fc.constantFrom(
      "select 'é;😀'",
      "set lock_timeout = '5s'",
      'set /* é\r\n */ statement_timeout = 0',
      'reset idle_in_transaction_session_timeout',
      'begin /* 漢\n */; create table "é" (a int); commit',
    )
    const gap = fc.constantFrom('', '\n', '\r\n', ' -- é\n', '/* 😀 */')
    fc.assert(
      fc.property(fc.constantFrom('', '\uFEFF'), fc.array(fc.tuple(gap, statement)), (mark, parts) => {
        const text = mark + parts.map(([before, sql]) => `${before}${sql};`).join('')
        const sql = transactionSqlOf(text)
        expect(byteLengths(sql)).toEqual(byteLengths(text))
        const result = parse(sql)
        const kinds = result.ok ? result.statements.map(({ node }) => Object.keys(node)[0]) : ['unreadable']
        expect(kinds).not.toContain('TransactionStmt')
        expect(kinds).not.toContain('VariableSetStmt')
        expect(kinds).toHaveLength(parts.filter(([, written]) => /^(?:select|begin)/.test(written)).length)
      }),
    )
  })
})

describe('a file as one transaction', () => {
  test('given nothing to blank, when it is compiled, then its text is sent as it is', () => {
    const text = '-- é\r\ncreate table t (a int);\r\n'
    expect(compile(text)).toMatchObject({
      path: 'm/migration.sql',
      text,
      body: { kind: 'transaction', sql: text, flattened: false },
      notices: [],
    })
  })

  test('given a byte-order mark, when it is compiled, then three blanks are sent for it', () => {
    expect(transactionSqlOf('\uFEFFselect 1')).toBe('   select 1')
  })

  test('given a block, when it is flattened, then BEGIN and COMMIT are blank and their semicolons stay', () => {
    expect(transactionSqlOf('select 1;\nbegin work;\nselect 2;\ncommit -- é\n')).toBe(
      'select 1;\n          ;\nselect 2;\n            \n',
    )
  })

  test('given timeouts of pg_dump, when it is compiled, then they are left out and one notice says so', () => {
    const text =
      'SET statement_timeout = 0;\nSET lock_timeout = 0;\nSET idle_in_transaction_session_timeout = 0;\nSET row_security = off;'
    const { body, notices } = compile(text)
    expect(body).toMatchObject({
      sql: `${' '.repeat(25)};\n${' '.repeat(20)};\n${' '.repeat(43)};\nSET row_security = off;`,
    })
    expect(notices).toEqual([
      {
        code: 'TIMEOUT_LEFT_OUT',
        migration: 'm',
        message:
          'm/migration.sql: SET statement_timeout, lock_timeout, idle_in_transaction_session_timeout (line 1) is left out; ' +
          'write `-- lockstep:statement_timeout=…`, `-- lockstep:lock_timeout=…` at the top of the file instead',
      },
    ])
  })

  test.each([
    ['an empty text', ''],
    ['comments alone', '-- nothing\n/* here */\n'],
    ['a byte-order mark alone', '\uFEFF'],
  ])('given %s, when it is compiled, then it does nothing and a notice says so', (_, text) => {
    const { body, notices } = compile(text)
    expect(body).toMatchObject({ kind: 'transaction', flattened: false })
    expect(notices).toMatchObject([{ code: 'EMPTY_FILE' }])
  })

  test('given settings alone and transaction=none, when it is compiled, then it is a transaction, so that it is recorded', () => {
    expect(compile('-- lockstep:transaction=none\nset search_path = x').body.kind).toBe('transaction')
  })

  test('given a savepoint outside a block, when it is compiled, then it lies in the step’s transaction', () => {
    expect(transactionSqlOf('savepoint a; rollback to a')).toBe('savepoint a; rollback to a')
  })
})

describe('a file as units', () => {
  test('given a statement that runs alone, when it is compiled, then each statement is a unit with its place and digest', () => {
    const text = "-- é😀\nselect 'é';\ncreate index concurrently i on t (a);\nselect 2 -- done"
    const units = unitsOf(text)
    expect(units).toEqual([
      { index: 0, kind: 'transaction', sql: "select 'é'", sha256: sha256("select 'é'"), startCodePoint: 6 },
      {
        index: 1,
        kind: 'alone',
        sql: 'create index concurrently i on t (a)',
        sha256: sha256('create index concurrently i on t (a)'),
        startCodePoint: 18,
        effect: { kind: 'index-built', index: 'i', table: 't' },
      },
      {
        index: 2,
        kind: 'transaction',
        sql: 'select 2 -- done',
        sha256: sha256('select 2 -- done'),
        startCodePoint: 56,
      },
    ])
  })

  test('given any file of units, when they are looked up in it, then each stands where it says', () => {
    const statement = fc.constantFrom(
      "select 'é😀'",
      'vacuum "漢"',
      'begin; drop table a; commit',
      "set lock_timeout = '1s'",
      'set search_path = "é"',
    )
    const gap = fc.constantFrom('', '\r\n', '-- 😀\n', '/* é */')
    fc.assert(
      fc.property(
        fc.constantFrom('', '\uFEFF'),
        fc.array(fc.tuple(gap, statement), { minLength: 1 }),
        (mark, parts) => {
          const text = `${mark}-- lockstep:transaction=none\n${parts.map(([before, sql]) => `${before}${sql};`).join('')}vacuum`
          const units = unitsOf(text)
          const originals = [...parts.map(([, sql]) => sql), 'vacuum'].filter((sql) => !sql.startsWith('set'))
          expect(units.map(({ index }) => index)).toEqual(originals.map((_, index) => index))
          for (const [index, unit] of units.entries()) {
            const original = originals[index] ?? ''
            expect(Array.from(text).slice(unit.startCodePoint).join('').startsWith(original)).toBe(true)
            expect(unit.sql).toBe(original.replace(/begin|commit/g, (word) => ' '.repeat(word.length)))
          }
        },
      ),
    )
  })

  test.each(['none', 'file'])(
    'given blocks and transaction=%s, when it is compiled, then each block is a unit',
    (value) => {
      const units = unitsOf(`-- lockstep:transaction=${value}\nselect 1; begin; select 2; select 3; commit; select 4`)
      expect(units).toMatchObject([
        { kind: 'transaction', sql: 'select 1' },
        { kind: 'transaction', sql: '     ; select 2; select 3;       ' },
        { kind: 'transaction', sql: 'select 4' },
      ])
    },
  )

  test('given session settings, when it is compiled, then every later unit carries them and a timeout is carried by none', () => {
    const text = `set search_path = a; set lock_timeout = '1s'; set local work_mem = '1MB';
      select pg_catalog.set_config('row_security', 'off', false);
      vacuum t; begin; set work_mem = '2MB'; drop table u; commit; reset search_path; vacuum v`
    const setup = "set search_path = a;\nselect pg_catalog.set_config('row_security', 'off', false)"
    expect(unitsOf(text)).toMatchObject([
      { sql: "set local work_mem = '1MB'", setup: 'set search_path = a' },
      { sql: 'vacuum t', setup },
      { setup },
      { sql: 'vacuum v', setup: `${setup};\nset work_mem = '2MB';\nreset search_path` },
    ])
  })

  test.each([
    ['transaction-local', "select set_config('search_path', 'x', true)"],
    ['among other columns', "select set_config('search_path', 'x', false), 1"],
    ['for each row of a table', "select set_config('search_path', 'x', false) from t"],
  ])('given a set_config that is %s, when it is compiled, then it is a unit like any other', (_, sql) => {
    expect(unitsOf(`${sql}; vacuum`)).toMatchObject([{ sql }, { sql: 'vacuum' }])
    expect(unitsOf(`${sql}; vacuum`)[1]).not.toHaveProperty('setup')
  })

  test('given a block of nothing but timeouts, when it is compiled, then it is no unit', () => {
    expect(unitsOf("begin; set lock_timeout = '1s'; commit; vacuum")).toMatchObject([{ sql: 'vacuum' }])
  })

  test('given a procedure that may commit, when a directive asks for units, then it runs alone', () => {
    expect(unitsOf('-- lockstep:transaction=none\ncall p(); select 1')).toMatchObject([
      { kind: 'alone' },
      { kind: 'transaction' },
    ])
  })

  test.each([
    [
      'several',
      'select 1;\n\nvacuum',
      [
        {
          code: 'RUNS_AS_UNITS',
          message:
            "m/migration.sql: it runs as 2 units, not as one transaction; line 3: VACUUM can't run in a transaction",
        },
      ],
    ],
    ['several because of a directive', '-- lockstep:transaction=none\nselect 1; vacuum', []],
    ['a single one', 'vacuum', []],
  ])(
    'given %s, when it is compiled, then a notice is given only for a loss that nobody asked for',
    (_, text, expected) => {
      expect(compile(text).notices).toMatchObject(expected)
    },
  )
})

describe('refusals', () => {
  test.each([
    ['a statement that runs alone in a block', 'begin;\nvacuum;\ncommit', 'STATEMENT_NOT_IN_TRANSACTION', 2],
    [
      'the same under transaction=file',
      '-- lockstep:transaction=file\nbegin;\nvacuum;\ncommit',
      'STATEMENT_NOT_IN_TRANSACTION',
      3,
    ],
    ['a savepoint between units', 'vacuum;\nsavepoint a', 'TRANSACTION_UNBALANCED', 2],
    ['an open block', 'select 1;\nbegin', 'TRANSACTION_UNBALANCED', 2],
    ['a forbidden statement', 'select 1;\nset role x', 'STATEMENT_FORBIDDEN', 2],
  ])('given %s, when it is compiled, then it is refused at its line', async (_, text, code, line) => {
    expect(await refusalOf(() => compile(text))).toMatchObject({ code, details: { place: { line } } })
  })

  test.each([
    ['a block', 'begin; select 1; commit', 'STATEMENT_FORBIDDEN'],
    ['a savepoint', 'savepoint a', 'STATEMENT_FORBIDDEN'],
    ['a statement that runs alone', 'vacuum', 'STATEMENT_NOT_IN_TRANSACTION'],
    ['a copy to nobody', 'copy t to stdout', 'STATEMENT_FORBIDDEN'],
    ['a query into a table', 'select 1 into x', 'STATEMENT_FORBIDDEN'],
    [
      'a query that inserts',
      'with x as (insert into t values (1) returning id) select true from x',
      'STATEMENT_FORBIDDEN',
    ],
    ['a role', 'reset role', 'STATEMENT_FORBIDDEN'],
  ])('given %s in a verify file, when it is compiled, then it is refused', async (_, text, code) => {
    expect(await refusalOf(() => compile(text, 'verify'))).toMatchObject({ code })
  })

  test('given queries in a verify file, when it is compiled, then it is one transaction', () => {
    expect(compile('select 1 / (select count(*) from t)', 'verify').body.kind).toBe('transaction')
  })
})

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AskedTarget, askedTarget } from '../support/asked-target.ts'

let target: AskedTarget
beforeAll(async () => {
  target = await askedTarget()
})
afterAll(() => target[Symbol.asyncDispose]())
beforeEach(() => target.refresh())

describe('queries that are judged', () => {
  test.each([
    ['true', 'select true'],
    ['no rows', 'select false where false'],
    ['a number', 'select 0'],
    ['the word', `select 'false'`],
    ['a null that is no boolean', 'select null, null::int'],
    ['nothing at all', 'select from t'],
    ['nothing from a function', 'select nothing()'],
    ['true before a false one', 'select true, false'],
    ['two columns of one name', 'select true as a, false as a'],
    ['columns of our own names', 'select true as v_value, 1 as lockstep_query, 2 as v_row'],
    ['a row', 'select row(false, null)'],
    ['a composite type', 'select (1, false)::shown'],
    ['a list of booleans', 'select array[false]'],
    ['a domain over boolean', 'select true::flag'],
    ['rows in an order, up to a limit', 'select ok from t order by id limit 2'],
    ['rows that it locks', 'select ok from t where id < 3 for update'],
    ['a table', 'table t'],
    ['values', 'values (true, 1), (true, 2)'],
    ['a WITH', 'with x as (select ok from t where id < 3) select ok from x'],
    [
      'a recursive WITH',
      'with recursive n(i) as (select 1 union all select i + 1 from n where i < 5) select max(i) = 5 from n',
    ],
    ['a union', '(select true) union all (select true order by 1)'],
    ['its end in a comment', 'select true -- ) union select false'],
    ['its end in a block comment', 'select true /* ) */ ; -- $$ done'],
    ['a quote and a backslash', `select 'it''s \\ $$' = E'it\\'s \\\\ $$'`],
    ['a dollar quote', 'select $$a$$ = $x$a$x$'],
    ['a byte-order mark and CRLF', '\uFEFF-- é\r\nselect true;\r\n'],
    ['nothing in the file', '-- nothing to ask'],
    ['what the migration made', 'select count(*) = 0 from made'],
  ])('given %s, when the step is committed, then it holds', async (_what, verify) => {
    expect(await target.commit(verify)).toMatchObject({ outcome: 'committed' })
    expect(await target.madeTables()).toBe(1)
  })

  test.each([
    ['false', 'select false', 'returned false'],
    ['null', 'select null::boolean', 'returned null'],
    ['an empty aggregate', 'select bool_and(ok) from t where false', 'returned null'],
    ['false before other columns', `select false, 'why', 2`, 'returned false'],
    ['false under a name that stands twice', 'select false as a, true as a', 'returned false'],
    ['false in a later row', 'select ok from t order by id', 'returned false in row 3'],
    ['false in a domain', 'select false::flag', 'returned false'],
    ['false from a table', 'values (false)', 'returned false'],
    ['false from a WITH', 'with x as (select false) select * from x', 'returned false'],
    ['false before a comment', 'select false -- )', 'returned false'],
    ['false from rows that it locks', 'select ok from t where id = 3 for share', 'returned false'],
    [
      'false from the third of a union',
      'select true union all select true union all select false',
      'returned false in row 3',
    ],
  ])('given %s, when the step is committed, then it is rolled back and told', async (_what, verify, said) => {
    const error = await target.failureOf(verify)
    expect(error).toMatchObject({ code: 'VERIFY_FAILED', message: `m: assertion 1 of m/verify.sql ${said}` })
    expect(error.details).toMatchObject({ place: { line: 1, column: 1 } })
    expect(error.details.sqlState ?? error.details.detail).toBeUndefined()
    expect(await target.madeTables()).toBe(0)
  })

  test('given a column after the first that fails, when it is computed, then it fails although it is not judged', async () => {
    expect(await target.failureOf('select true, 1 / (id - id) from t')).toMatchObject({
      code: 'VERIFY_FAILED',
      details: { sqlState: '22012' },
    })
  })

  test('given a table without a column, when all of it is selected, then it fails loudly at its beginning', async () => {
    const error = await target.failureOf('select true;\n select * from bare')
    expect(error).toMatchObject({ code: 'VERIFY_FAILED', details: { sqlState: '42P10' } })
    expect(error.details.place).toMatchObject({ line: 2, column: 2 })
  })
})

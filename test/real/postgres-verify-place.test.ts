import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AskedTarget, askedTarget } from '../support/asked-target.ts'
import { orderOf, unjudgedSource, verifiedSource } from '../support/step-orders.ts'

let target: AskedTarget
beforeAll(async () => {
  target = await askedTarget()
})
afterAll(() => target[Symbol.asyncDispose]())
beforeEach(() => target.refresh())

const at = (line: number, column: number, excerpt: string) => ({ file: 'm/verify.sql', line, column, excerpt })

describe('the place of an assertion', () => {
  test.each([
    [
      'an unknown column',
      `select true;\nselect '🚀', nope from t`,
      at(2, 13, `select '🚀', nope from t\n             ^`),
    ],
    [
      'an unknown table in a statement',
      'set local work_mem = 1024;\n  insert into nope values (1)',
      at(2, 15, '  insert into nope values (1)\n              ^'),
    ],
    [
      'an error in a function',
      '-- é\r\nselect true; select boom()',
      at(2, 14, 'select true; select boom()\n             ^'),
    ],
    ['an error in a block', `select true;\ndo $$ begin\n  raise 'no'; end $$`, at(2, 1, 'do $$ begin\n^')],
    [
      'false after a byte-order mark',
      '\uFEFFselect true; select false',
      at(1, 14, 'select true; select false\n             ^'),
    ],
    [
      'false after a timeout that is left out',
      `set lock_timeout = '1s'; select false`,
      at(1, 26, `set lock_timeout = '1s'; select false\n                         ^`),
    ],
  ])('given %s, when it fails, then line, column and caret are the verify file’s', async (_what, verify, place) => {
    const error = await target.failureOf(verify, 'select 1; -- é\nselect 2; ;')
    expect(error.code).toBe('VERIFY_FAILED')
    expect(error.details.place).toEqual(place)
  })

  test('given an error inside a function, when it fails, then the way there is told without our part of it', async () => {
    const error = await target.failureOf('select boom()')
    expect(error.details).toMatchObject({
      sqlState: '22012',
      detail: 'context: SQL statement "SELECT 1 / 0"\nPL/pgSQL function boom() line 1 at PERFORM',
    })
    expect((await target.failureOf('select nope')).details.detail).toBeUndefined()
    expect((await target.failureOf('select 1 / 0')).details.detail).toBeUndefined()
  })

  test('given the words that a block raises, when it fails, then message, detail and hint are passed on', async () => {
    const error = await target.failureOf(
      `do $$ begin raise 'two owners' using detail = 'of 3', hint = 'keep one'; end $$`,
    )
    expect(error.message).toBe('m: assertion 1 of m/verify.sql failed: two owners')
    expect(error.details).toMatchObject({ sqlState: 'P0001', serverHint: 'keep one' })
    expect(error.details.detail).toBe('of 3\ncontext: PL/pgSQL function inline_code_block line 1 at RAISE')
  })

  test('given a migration whose statements nobody counted, when an assertion fails, then it is still the right one', async () => {
    const { verify } = verifiedSource('', 'select true; select false')
    const source = {
      ...unjudgedSource('select 1;;; select 2; prepare p as select 3; execute p'),
      ...(verify && { verify }),
    }
    await expect(target.session.commitStep(await orderOf(target, source))).rejects.toMatchObject({
      message: 'm: assertion 2 of m/verify.sql returned false',
    })
  })
})

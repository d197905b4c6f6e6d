import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgresDatabase } from '../../functions/adapters/postgres-database.ts'
import { asLockstepError, type LockstepError } from '../../functions/domain/errors.ts'
import type { StepOrder } from '../../functions/engine/target-database.ts'
import { type RealTarget, realTarget } from '../support/real-target.ts'
import { attachTarget, leaseOf, orderOf, sourceOf } from '../support/step-orders.ts'

let target: RealTarget
beforeAll(async () => {
  target = await realTarget()
})
afterAll(() => target[Symbol.asyncDispose]())

const failureOf = async (text: string, changes: Partial<StepOrder> = {}): Promise<LockstepError> => {
  const order = await orderOf(target, sourceOf(text), changes)
  const run = (): Promise<unknown> => {
    const { body } = order.source
    if (body.kind === 'transaction') return target.session.commitStep(order)
    const unit = body.units.at(-1)
    if (unit === undefined) throw new Error('expected a unit')
    if (unit.kind === 'alone') return target.session.runUnit(order, unit)
    return target.session.commitUnit(order, unit, 'last')
  }
  const thrown = await run().then(
    () => new Error('it did not fail'),
    (error) => error,
  )
  return asLockstepError(thrown)
}

const placeOf = async (text: string): Promise<unknown> => (await failureOf(text)).details.place

const at = (line: number, column: number, excerpt: string) => ({ file: 'm/migration.sql', line, column, excerpt })

describe('the place of an error', () => {
  test.each([
    ['on the first line', 'select nope', at(1, 8, 'select nope\n       ^')],
    ['after other lines', 'select 1;\n\n  select nope;\n', at(3, 10, '  select nope;\n         ^')],
    ['after an emoji on its line', `select '🚀', nope`, at(1, 13, `select '🚀', nope\n             ^`)],
    ['after emojis on earlier lines', `-- 🚀🚀🚀\nselect nope`, at(2, 8, 'select nope\n       ^')],
    ['with Windows line breaks', 'select 1;\r\nselect nope;\r\n', at(2, 8, 'select nope;\n       ^')],
    ['after a byte-order mark', '\uFEFFselect nope', at(1, 8, 'select nope\n       ^')],
    [
      'after a flattened BEGIN with letters of two bytes',
      'begin /* é */;\nselect nope;\ncommit;',
      at(2, 8, 'select nope;\n       ^'),
    ],
    [
      'after a blanked timeout',
      `set lock_timeout = '3s'; select nope`,
      at(1, 33, `set lock_timeout = '3s'; select nope\n                                ^`),
    ],
    [
      'in a unit after others',
      '-- lockstep:transaction=none\nselect 1; -- é🚀\nselect nope;',
      at(3, 8, 'select nope;\n       ^'),
    ],
    [
      'in a unit after a setting',
      '-- lockstep:transaction=none\nset search_path = public;\nselect nope;',
      at(3, 8, 'select nope;\n       ^'),
    ],
    ['in a unit that runs alone', 'select 1;\nvacuum\n  nope;', at(2, 1, 'vacuum\n^')],
  ])('given an error %s, when it fails, then line, column and caret are the file’s', async (_where, text, place) => {
    const found = await placeOf(text)
    expect(found).toEqual(place)
  })

  test.each([
    ['a run-time error', `select 1;\n-- why\n  select 1 / 0;\nselect 2`, at(3, 3, '  select 1 / 0;\n  ^')],
    [
      'a broken constraint',
      `create temporary table x (id int not null);\ninsert into x values (null);`,
      at(2, 1, 'insert into x values (null);\n^'),
    ],
    ['an error inside a function', `select 1;\ndo $$ begin\n  perform 1 / 0;\nend $$;`, at(2, 1, 'do $$ begin\n^')],
    ['an error after empty statements', ';;select 1;;\nselect 1 / 0', at(2, 1, 'select 1 / 0\n^')],
    [
      'an error in a unit after a setting',
      `-- lockstep:transaction=none\nset search_path = public;\nset timezone = 'UTC';\nselect 1 / 0;`,
      at(4, 1, 'select 1 / 0;\n^'),
    ],
  ])('given %s, which has no position, when it fails, then the place is its statement', async (_what, text, place) => {
    expect(await placeOf(text)).toEqual(place)
  })

  test('given a constraint that fails at COMMIT, when it fails, then there is no place to show', async () => {
    const error = await failureOf(`
      create table a (id int primary key);
      create table b (id int references a deferrable initially deferred);
      insert into b values (1)`)
    expect(error.details).toMatchObject({ sqlState: '23503', detail: 'Key (id)=(1) is not present in table "a".' })
    expect(error.details.place).toBeUndefined()
  })

  test('given an error in dynamic SQL, when it fails, then the detail shows that SQL with a caret, and the way there', async () => {
    const error = await failureOf(`do $$ begin execute 'select 1, nope'; end $$`)
    expect(error.details.detail).toBe(
      'select 1, nope\n          ^\ncontext: PL/pgSQL function inline_code_block line 1 at EXECUTE',
    )
  })

  test('given PostgreSQL’s own hint, when it fails, then it is passed on beside ours', async () => {
    const error = await failureOf(`create table h (name text); select nmae from h`)
    expect(error.details).toMatchObject({ serverHint: 'Perhaps you meant to reference the column "h.name".' })
    expect(error.message).toBe('m failed: column "nmae" does not exist')
    expect(error.hint).toContain('correct the migration')
  })

  test('given settings that make our part of the message longer, when it fails, then the place is the same', async () => {
    const settings = {
      ...target.settings,
      searchPath: `public, "${'é🚀'.repeat(20)}"`,
      statementTimeoutMs: 123_456_789,
    }
    const error = await failureOf('select nope', { settings })
    expect(error.details.place).toEqual(at(1, 8, 'select nope\n       ^'))
  })

  test('given no parser, when a run-time error fails, then it fails all the same, without a place', async () => {
    await using own = await realTarget()
    await own.session[Symbol.asyncDispose]()
    await using bare = await attachTarget(postgresDatabase(), own.settings, leaseOf(own.lease.target, 2))
    const order = await orderOf(bare, sourceOf('select 1 / 0'))
    const error = await bare.session.commitStep(order).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', details: { sqlState: '22012' } })
    expect(error.details.place).toBeUndefined()
  })

  test('given a statement that cannot run in a transaction, when it fails there, then the directive is named', async () => {
    const source = { ...sourceOf('select 1'), body: { kind: 'transaction', sql: 'vacuum', flattened: false } as const }
    const order = await orderOf(target, source)
    const error = await target.session.commitStep(order).catch((thrown) => thrown)
    expect(error).toMatchObject({
      code: 'MIGRATION_FAILED',
      hint: expect.stringContaining('lockstep:transaction=none'),
    })
  })

  test('given a role that the login may not take, when a step is sent, then the missing right is the login’s', async () => {
    const settings = { ...target.settings, applicationRole: 'pg_read_all_data' }
    const error = await failureOf('select 1', { settings })
    expect(error).toMatchObject({
      code: 'PRIVILEGE_MISSING',
      message: 'cannot run m as role pg_read_all_data: permission denied to set role "pg_read_all_data"',
    })
  })
})

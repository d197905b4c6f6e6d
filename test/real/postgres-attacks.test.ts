import { describe, expect, test } from 'vitest'
import { runnerKey } from '../../functions/adapters/advisory-keys.ts'
import { postgresDatabase } from '../../functions/adapters/postgres-database.ts'
import { token } from '../../functions/domain/types.ts'
import { realTarget } from '../support/real-target.ts'
import { commitText, orderOf, unjudgedSource } from '../support/step-orders.ts'

describe('a step that attacks its own receipt', () => {
  const asLogin = (sql: string): string => `do $$ begin execute 'reset role'; ${sql} end $$`
  /** What the login role may become, by name, so that it can upgrade the schema. */
  const asOwner = (sql: string): string => `do $$ begin
    execute 'reset role';
    execute format('set role %I', (select nspowner::regrole::text from pg_namespace where nspname = 'lockstep'));
    ${sql} execute 'reset role'; end $$`

  test.each([
    [
      'writes a receipt as the application role',
      'insert into lockstep.receipt (token, n) values (1, 99)',
      'MIGRATION_FAILED',
    ],
    ['calls a function of ours', `select lockstep.raise_fence('x', 1, 'w', 'r', true)`, 'MIGRATION_FAILED'],
    ['moves the fence as the login role', asLogin('update lockstep.fence set token = 99;'), 'MIGRATION_FAILED'],
    ['writes a receipt as the login role', asLogin('delete from lockstep.receipt;'), 'MIGRATION_FAILED'],
    ['drops the schema as the login role', asLogin('drop schema lockstep cascade;'), 'MIGRATION_FAILED'],
    [
      'adds a function as the login role',
      asLogin('create function lockstep.x() returns int return 1;'),
      'MIGRATION_FAILED',
    ],
    ['moves the fence', asOwner('update lockstep.fence set token = 99;'), 'FENCE_TOUCHED'],
    ['removes the fence', asOwner('delete from lockstep.fence;'), 'FENCE_TOUCHED'],
    ['changes a receipt', asOwner('update lockstep.receipt set run = null;'), 'FENCE_TOUCHED'],
    ['drops the schema', asOwner('drop schema lockstep cascade;'), 'FENCE_TOUCHED'],
    [
      'takes our rights away',
      asOwner(`execute format('revoke usage on schema lockstep from %I', session_user);`),
      'FENCE_TOUCHED',
    ],
    ['drops the recorder', asOwner('drop function lockstep.record_receipt(jsonb);'), 'FENCE_TOUCHED'],
    [
      'says that it is applied',
      asOwner(`insert into lockstep.applied values ('m', '', 1, 1, now());`),
      'STEP_CONFLICT',
    ],
    [
      'writes a receipt',
      asOwner(
        `insert into lockstep.receipt select (jsonb_populate_record(r, '{"token": 1, "n": 999}')).* from lockstep.receipt r limit 1;`,
      ),
      'STEP_CONFLICT',
    ],
    ['releases the advisory lock', `do $$ begin perform pg_advisory_unlock_all(); end $$`, 'LOCK_RELEASED'],
    ['ends its transaction', 'select 1; commit; begin', 'STEP_SPLIT'],
    ['resets all settings', `do $$ begin execute 'reset all'; end $$`, 'STEP_SPLIT'],
  ])('given a migration that %s, when it is sent, then it is found out', async (_what, text, code) => {
    await using own = await realTarget()
    const first = await commitText(own, 'create table first (id int)', 'first')
    const order = await orderOf(own, unjudgedSource(`create table a (id int); ${text}`))
    await expect(own.session.commitStep(order)).rejects.toMatchObject({ code })
    if (code !== 'STEP_SPLIT') expect(await own.ask(`select to_regclass('public.a') as a`)).toEqual([{ a: null }])
    expect(await own.ask('select n from lockstep.receipt')).toEqual([{ n: first.key.n }])
  })

  test('given a released lock, when a step is sent after it, then it is refused too', async () => {
    await using own = await realTarget()
    await expect(commitText(own, 'do $$ begin perform pg_advisory_unlock_all(); end $$')).rejects.toThrow()
    await expect(commitText(own, 'create table a (id int)')).rejects.toMatchObject({ code: 'LOCK_RELEASED' })
  })

  test('given a migration that lets go of the lock once, when it is committed, then the session still holds it: it was taken twice', async () => {
    await using own = await realTarget()
    await commitText(own, `do $$ begin perform pg_advisory_unlock(${runnerKey.key}); end $$`)
    await using other = await postgresDatabase().connect(own.settings, token(2))
    expect(await other.tryLock()).toMatchObject({ granted: false })
  })
})

import { describe, expect, test } from 'vitest'
import type { Loss } from '../../functions/domain/losses.ts'
import { withClient } from '../support/postgres.ts'
import { realTarget } from '../support/real-target.ts'
import { commitText } from '../support/step-orders.ts'

const table = (name: string, schema?: string): Loss => ({ kind: 'table', table: name, ...(schema && { schema }) })
const column = (name: string, of: string): Loss => ({ kind: 'column', table: of, column: name })

describe('counting what a rollback would lose', () => {
  test('given rows and values, when they are counted, then null is no loss, and what is not there is absent', async () => {
    await using target = await realTarget()
    await commitText(
      target,
      `create schema app; create table app.t (id int); create table "User" (id int, "nick name" text);
       insert into app.t values (1), (2); insert into "User" values (1, 'a'), (2, null), (3, 'b');`,
    )
    const losses: readonly Loss[] = [
      table('t', 'app'),
      table('t'),
      column('nick name', 'User'),
      { kind: 'other', what: 'drops type "x"' },
      column('gone', 'User'),
      table('User'),
    ]
    expect(await target.session.countLosses(losses)).toEqual([
      { kind: 'counted', rows: 2 },
      { kind: 'absent' },
      { kind: 'counted', rows: 2 },
      { kind: 'unknown' },
      { kind: 'absent' },
      { kind: 'counted', rows: 3 },
    ])
  })

  test('given a table that another session locks, when it is counted, then statistics answer, and the others are counted', async () => {
    await using target = await realTarget()
    await commitText(target, 'create table a as select generate_series(1, 500); create table b as select 1;')
    await target.ask('analyze a')
    const counts = await withClient(target.database.superuserUrl, async (client) => {
      await client.query('begin; lock table a in access exclusive mode')
      return await target.session.countLosses([table('a'), table('b')])
    })
    expect(counts).toEqual([
      { kind: 'estimated', rows: 500 },
      { kind: 'counted', rows: 1 },
    ])
  })

  test('given a count, when a step follows, then the session is as it was', async () => {
    await using target = await realTarget()
    await target.session.countLosses([table('a')])
    const receipt = await commitText(target, 'create table a ()')
    expect(receipt.outcome).toBe('committed')
  })
})

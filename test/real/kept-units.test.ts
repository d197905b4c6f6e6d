import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { down, up } from '../support/kept-story.ts'
import { withClient } from '../support/postgres.ts'
import { type RealTarget, realTarget } from '../support/real-target.ts'
import { orderOf, sourceOf } from '../support/step-orders.ts'

let target: RealTarget
beforeEach(async () => {
  target = await realTarget()
})
afterEach(() => target[Symbol.asyncDispose]())

const rowsOf = (table: string) => target.ask(`select * from ${table} order by 1`)

describe('a file that runs as units', () => {
  test('given a file that runs as units, when it drops in several, then its receipt tells all, and all comes back with the last record', async () => {
    const make = 'create table a (id int primary key, x text); create table b (id int primary key);'
    await up(target, `${make} insert into a values (1, 'one'); insert into b values (7)`, 'init')
    const text = `-- lockstep:transaction=none\nset search_path = public;\nalter table a drop column x;\ndrop table b;\ncreate index concurrently i on a (id)`
    const applied = await up(target, text)
    expect(applied.kept).toEqual([
      { table: 'public.a', columns: ['x'], rows: 1 },
      { table: 'public.b', rows: 1 },
    ])
    const back = `-- lockstep:transaction=none\nalter table a add column x text;\ncreate table b (id int primary key);\ndrop index concurrently i`
    const reverted = await down(target, back, applied)
    expect(reverted.kept).toEqual([
      { table: 'public.b', rows: 1 },
      { table: 'public.a', columns: ['x'], rows: 1 },
    ])
    expect(await rowsOf('a')).toEqual([{ id: 1, x: 'one' }])
    expect(await rowsOf('b')).toEqual([{ id: 7 }])
  })

  test('given a lock in the way of the last record, when it fails, then the unit before it keeps its mark, and only the record is tried again', async () => {
    await up(
      target,
      `create table a (id int primary key, x text); insert into a values (1, 'one'); create index i on a (id)`,
      'init',
    )
    const applied = await up(target, 'alter table a drop column x')
    const head = '-- lockstep:transaction=none\n-- lockstep:lock_timeout=50ms\n'
    const source = sourceOf(`${head}alter table a add column x text;\ndrop index concurrently i`)
    if (source.body.kind !== 'units') throw new Error('expected units')
    const [first, second] = source.body.units
    if (first === undefined || second === undefined) throw new Error('expected two units')
    const order = async () => await orderOf(target, source, { direction: 'down', undoes: applied.key })
    const { session } = target
    await session.commitUnit(await order(), first, 'not-last')
    await session.openUnit(await order(), second)
    await session.runUnit(await order(), second)
    await withClient(target.database.superuserUrl, async (other) => {
      await other.query('begin; lock table a in share mode')
      const failed = { code: 'KEEP_NOT_RESTORED', details: { sqlState: '55P03' } }
      await expect(session.closeUnit(await order(), second, 'last')).rejects.toMatchObject(failed)
      await other.query('rollback')
    })
    await session.recordFailure(await order(), { code: 'KEEP_NOT_RESTORED', message: '', hint: '' })
    expect((await session.readState()).progress).toMatchObject([{ state: 'done' }, { state: 'running' }])
    expect(await session.closeUnit(await order(), second, 'last')).toMatchObject({ kept: [{ rows: 1 }] })
    expect(await rowsOf('a')).toEqual([{ id: 1, x: 'one' }])
  })

  test('given units that a later run finishes, when it goes back, then what the first run kept is put back', async () => {
    await up(target, `create table a (id int primary key, x text); insert into a values (1, 'one')`, 'init')
    const source = sourceOf('-- lockstep:transaction=none\nalter table a drop column x;\nselect 1 / 1')
    if (source.body.kind !== 'units') throw new Error('expected units')
    const [first, second] = source.body.units
    if (first === undefined || second === undefined) throw new Error('expected two units')
    await target.session.commitUnit(await orderOf(target, source), first, 'not-last')
    const failed = await target.session.recordFailure(await orderOf(target, source), {
      code: 'STEP_TOO_LONG',
      message: '',
      hint: '',
    })
    const applied = await target.session.commitUnit(await orderOf(target, source), second, 'last')
    expect(applied).toMatchObject({
      key: { n: failed.key.n + 1 },
      kept: [{ table: 'public.a', columns: ['x'], rows: 1 }],
    })
    if (applied === undefined) throw new Error('expected a receipt')
    await down(target, 'alter table a add column x text', applied)
    expect(await rowsOf('a')).toEqual([{ id: 1, x: 'one' }])
  })
})

import { expect, test } from 'vitest'
import { realTarget } from '../support/real-target.ts'
import { orderOf, sourceOf } from '../support/step-orders.ts'
import { until } from '../support/until.ts'

const tables = (target: Awaited<ReturnType<typeof realTarget>>) =>
  target.ask<{ tablename: string }>("select tablename from pg_tables where schemaname = 'public'")

const atWork = (target: Awaited<ReturnType<typeof realTarget>>) =>
  until(async () => {
    const { pid } = target.session.backend
    const rows = await target.ask(`select from pg_stat_activity where pid = ${pid} and wait_event = 'PgSleep'`)
    return rows.length > 0 ? true : undefined
  })

const ended = (target: Awaited<ReturnType<typeof realTarget>>) =>
  until(async () => {
    const { pid } = target.session.backend
    const rows = await target.ask(`select from pg_stat_activity where pid = ${pid}`)
    return rows.length === 0 ? true : undefined
  })

test('given a step at work, when its session is left, then the call rejects at once and the server commits it', async () => {
  await using target = await realTarget()
  const order = await orderOf(target, sourceOf('select pg_sleep(1); create table a (id int);', '1_a'))
  const committing = target.session.commitStep(order).catch((error: unknown) => error)
  await atWork(target)
  target.session.leave()
  expect(await committing).toMatchObject({ code: 'TARGET_UNREACHABLE' })
  await ended(target)
  expect(await tables(target)).toEqual([{ tablename: 'a' }])
  expect(await target.ask('select migration from lockstep.receipt')).toEqual([{ migration: '1_a' }])
})

test('given a step at work, when its session is interrupted, then it is rolled back and the backend is gone', async () => {
  await using target = await realTarget()
  const order = await orderOf(target, sourceOf('create table a (id int); select pg_sleep(30);', '1_a'))
  const committing = target.session.commitStep(order).catch((error: unknown) => error)
  await atWork(target)
  await target.session.interrupt()
  expect(await committing).toBeInstanceOf(Error)
  await ended(target)
  expect(await tables(target)).toEqual([])
  expect(await target.ask('select migration from lockstep.receipt')).toEqual([])
})

import { afterEach, beforeEach, expect, test } from 'vitest'
import { token } from '../../functions/domain/types.ts'
import type { RestoreWorld } from '../support/restore-world.ts'
import { realRestoreWorld } from '../support/restore-world.ts'
import { until } from '../support/until.ts'

let world: RestoreWorld
beforeEach(async () => {
  world = await realRestoreWorld()
})
afterEach(() => world[Symbol.asyncDispose]())

const receipts = async () => {
  const settings = await world.control.readSettings(world.target)
  if (settings === undefined) throw new Error('no settings')
  await using session = await world.ports.database.connect(settings, token(99))
  return (await session.receiptsAfter(null, 100)).map(({ migration, outcome, key }) => [migration, outcome, key.token])
}

test('given a run in the middle of a transaction, when unlocked by force, then the raise waits for it, and nothing commits afterwards', async () => {
  const running = world.push({
    '1_slow/migration.sql': 'create table a (id int); select pg_sleep(2);',
    '2_b/migration.sql': 'create table b (id int);',
  })
  await until(async () => (await world.control.readLock(world.target))?.backend)
  expect(await world.operate('unlock', world.target, { force: true })).toMatchObject({
    changed: true,
    lock: { lockState: 'FREE', token: 2, raised: 2 },
  })
  const atUnlock = await receipts()
  expect(await running).not.toMatchObject({ state: 'SUCCEEDED' })
  expect(await receipts()).toEqual(atUnlock)
  expect(atUnlock.every(([, outcome, of]) => outcome === 'committed' && of === 1)).toBe(true)
})

test('given an index build outside of any transaction, when unlocked by force, then its backend is ended', async () => {
  await world.push({ '0_t/migration.sql': 'create table t as select g as id from generate_series(1, 200) g;' })
  const slow =
    'create function slow(integer) returns integer immutable language plpgsql as $$ begin perform pg_sleep(0.1); return $1; end $$;'
  await world.push({
    '0_t/migration.sql': 'create table t as select g as id from generate_series(1, 200) g;',
    '1_f/migration.sql': slow,
  })
  const running = world.push({
    '0_t/migration.sql': 'create table t as select g as id from generate_series(1, 200) g;',
    '1_f/migration.sql': slow,
    '2_i/migration.sql': 'create index concurrently i on t (slow(id));',
  })
  const held = await until(async () => {
    const lock = await world.control.readLock(world.target)
    return lock?.lockState === 'HELD' && lock.raised === 3 ? lock : undefined
  })
  const answer = await world.operate('freeze', world.target, { force: true })
  expect(answer).toMatchObject({ lock: { lockState: 'FROZEN', token: 4 }, ended: [held.backend] })
  expect(await running).not.toMatchObject({ state: 'SUCCEEDED' })
})

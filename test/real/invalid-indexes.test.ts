import { afterAll, beforeAll, expect, test } from 'vitest'
import { postgresDatabase } from '../../functions/adapters/postgres-database.ts'
import { token } from '../../functions/domain/types.ts'
import { createDatabase, leaveInvalidIndex, type TestDatabase, withClient } from '../support/postgres.ts'
import { parse } from '../support/sql-files.ts'
import { until } from '../support/until.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createDatabase()
})
afterAll(() => database[Symbol.asyncDispose]())

const listed = async () => {
  await using session = await postgresDatabase({ parse }).connect(database.settings, token(1))
  return await session.invalidIndexes()
}

test('given a build that runs, and a partitioned index without its parts, when invalid indexes are listed, then neither is told', async () => {
  await withClient(database.superuserUrl, async (client) => {
    await client.query('create table whole (id int) partition by range (id)')
    await client.query('create table part partition of whole for values from (0) to (10)')
    await client.query('create index whole_id on only whole (id)')
    await client.query('create table busy (id int)')
  })
  await withClient(database.superuserUrl, async (holder) => {
    await holder.query('begin')
    await holder.query('insert into busy values (1)')
    await withClient(database.superuserUrl, async (builder) => {
      // waits for the transaction above, its index not yet valid
      const building = builder.query('create index concurrently busy_id on busy (id)')
      await until(async () => {
        const { rowCount } = await holder.query("select from pg_index where indexrelid = to_regclass('busy_id')")
        return rowCount === 1 ? true : undefined
      })
      expect(await listed()).toEqual([])
      await holder.query('commit')
      await building
    })
  })
  expect(await listed()).toEqual([])
})

test('given what the login role may not see of others, when a build of theirs failed, then its index is told', async () => {
  await withClient(database.superuserUrl, leaveInvalidIndex)
  expect(await listed()).toEqual([{ index: 'public."Broken"', table: 'public.twice' }])
})

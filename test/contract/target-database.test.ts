import { postgresDatabase } from '../../functions/adapters/postgres-database.ts'
import type { TargetSettings } from '../../functions/domain/settings.ts'
import { memoryDatabase } from '../support/memory-database.ts'
import { asSuperuser, createDatabase, leaveInvalidIndex, type TestDatabase, withClient } from '../support/postgres.ts'
import { parse } from '../support/sql-files.ts'
import { targetSettings } from '../support/target-settings.ts'
import { virtualClock } from '../support/virtual-clock.ts'
import { targetDatabaseContract } from './target-database.ts'

targetDatabaseContract('target database in memory', async () => {
  const database = memoryDatabase(virtualClock())
  let made = 0
  const nameOf = (settings: TargetSettings): string => settings.connection.database
  return {
    database,
    newDatabase: async () => {
      made += 1
      return targetSettings(`memory-${made}`)
    },
    kill: async (settings, { pid }) =>
      database.kill(database.sessions(nameOf(settings)).filter((session) => session.pid === pid)),
    leaveInvalidIndex: async (settings) => {
      database.data(nameOf(settings)).invalidIndexes.push({ index: 'public."Broken"', table: 'public.twice' })
    },
    countInserts: async (settings) =>
      database.data(nameOf(settings)).ran.filter(({ sql }) => sql.includes('insert')).length,
    async [Symbol.asyncDispose]() {},
  }
})

targetDatabaseContract('target database on PostgreSQL', async () => {
  const made = new Map<string, TestDatabase>()
  const urlOf = (settings: TargetSettings): string => made.get(settings.target)?.superuserUrl ?? ''
  return {
    database: postgresDatabase({ parse }),
    newDatabase: async () => {
      const database = await createDatabase()
      made.set(database.settings.target, database)
      return database.settings
    },
    kill: (_settings, { pid }) =>
      asSuperuser(async (client) => {
        await client.query('select pg_terminate_backend($1, 5000)', [pid])
      }),
    leaveInvalidIndex: (settings) => withClient(urlOf(settings), leaveInvalidIndex),
    countInserts: async (settings) => {
      const { rows } = await withClient(urlOf(settings), (client) => client.query('select count(*)::int from t'))
      return rows[0]?.count
    },
    async [Symbol.asyncDispose]() {
      for (const database of made.values()) await database[Symbol.asyncDispose]()
    },
  }
})

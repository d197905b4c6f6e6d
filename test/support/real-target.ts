import { type PostgresOptions, postgresDatabase } from '../../functions/adapters/postgres-database.ts'
import type { TargetSettings } from '../../functions/domain/settings.ts'
import { createDatabase, type TestDatabase, withClient } from './postgres.ts'
import { parse } from './sql-files.ts'
import { type AttachedTarget, attachTarget, leaseOf } from './step-orders.ts'

/** A database of its own with a session that may change it. */
export interface RealTarget extends AttachedTarget {
  readonly database: TestDatabase
  /** Asks as the superuser, over a connection of its own. */
  ask<Row extends object>(sql: string): Promise<readonly Row[]>
}

/** Makes a database and attaches to it with token 1. */
export const realTarget = async (
  changes: Partial<TargetSettings> = {},
  options: PostgresOptions = {},
): Promise<RealTarget> => {
  const database = await createDatabase(changes)
  const { settings } = database
  const attached = await attachTarget(postgresDatabase({ parse, ...options }), settings, leaseOf(settings.target, 1))
  return {
    ...attached,
    database,
    ask: (sql) => withClient(database.superuserUrl, async (client) => (await client.query(sql)).rows),
    [Symbol.asyncDispose]: async () => {
      await attached[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

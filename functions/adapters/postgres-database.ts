import type { SqlParser } from '../domain/sql-parser.ts'
import type { Notice, TargetName } from '../domain/types.ts'
import type { Clock } from '../engine/system.ts'
import type { TargetDatabase } from '../engine/target-database.ts'
import { type DatabaseAccess, openConnection } from './postgres-connection.ts'
import { noticeListener } from './postgres-notices.ts'
import { openSession } from './postgres-session.ts'
import { systemClock } from './system.ts'

export interface PostgresOptions {
  readonly clock?: Clock
  readonly access?: DatabaseAccess
  /** Finds the statement of an error that has no position of its own. */
  readonly parse?: SqlParser
  /** Hears what the server says while it works, bounded; without it the server is asked for nothing. */
  readonly onNotice?: (target: TargetName, notice: Notice) => void
}

/** Is the target on real PostgreSQL, 14 or newer. */
export const postgresDatabase = (given: PostgresOptions = {}): TargetDatabase => ({
  connect: async (settings, token) => {
    const { clock = systemClock, access, parse, onNotice } = given
    const notices = onNotice && noticeListener((notice) => onNotice(settings.target, notice))
    const options = { settings, token, ...(access && { access }) }
    const connection = await openConnection({ ...options, ...(notices && { onNotice: notices.hear }) })
    const parts = { connection, clock, openSecond: () => openConnection(options) }
    return openSession({ ...parts, ...(parse && { parse }), ...(notices && { notices }) }, settings)
  },
})

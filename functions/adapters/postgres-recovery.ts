import type { PostgresConnection } from './postgres-connection.ts'
import { cleaning } from './step-message.ts'

/** Out of whatever transaction is open, and the session as it was at its start. */
const recovery = ['rollback', ...cleaning].join(';\n')

/** The one way back after a message that failed, which never reached its own cleaning; a session that stays dirty is ended. */
export const recover = async (connection: PostgresConnection): Promise<void> => {
  const { error } = await connection.send(recovery)
  if (error) connection.destroy()
}

import * as z from 'zod'
import { rolesSql } from '../adapters/database-roles.ts'
import { type DatabaseAccess, openConnection } from '../adapters/postgres-connection.ts'
import { token } from '../domain/types.ts'
import type { ResourceAct } from './custom-resource.ts'
import { parseTargetSettings } from './target-settings.ts'

const text = z.string().min(1)

/** What the set-up function knows of its target. */
export const setupTarget = z.strictObject({
  target: text,
  host: text,
  port: z.number().int(),
  database: text,
  applicationRole: text,
  loginRole: text,
  ownerRole: text,
  loginBy: z.enum(['iam', 'password']),
  adminSecretArn: text,
  authorities: text.optional(),
})

export interface SetupPorts {
  readonly access: DatabaseAccess
  /** The text of `docs/database-roles.sql`. */
  readonly rolesText: string
  /** The target as JSON. */
  readonly setupTarget: string
}

/**
 * Makes a target's roles as its administrator. Idempotent; deleting the stack takes nothing away from the database.
 *
 * @throws LockstepError what connecting throws; PRIVILEGE_MISSING or INTERNAL with the server's words when the SQL is refused
 */
export const setUpRoles =
  ({ access, rolesText, setupTarget: text }: SetupPorts) =>
  async (act: ResourceAct): Promise<void> => {
    if (act === 'delete') return
    const roles = setupTarget.parse(JSON.parse(text))
    const { target, host, port, database, applicationRole, adminSecretArn, authorities } = roles
    const settings = parseTargetSettings({
      ...{ target, applicationRole },
      connection: {
        ...{ host, port, database, user: 'postgres', authorities },
        credential: { kind: 'secret', arn: adminSecretArn },
      },
    })
    await using connection = await openConnection({ settings, token: token(0), access })
    await connection.query(`cannot make the roles of ${target}`, rolesSql(rolesText, roles))
  }

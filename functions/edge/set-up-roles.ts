import * as z from 'zod'
import { type DatabaseRoles, rolesSql } from '../adapters/database-roles.ts'
import { type DatabaseAccess, openConnection } from '../adapters/postgres-connection.ts'
import { token } from '../domain/types.ts'
import type { ResourceEvent } from './custom-resource.ts'
import { parseTargetSettings } from './target-settings.ts'

const text = z.string().min(1)

/** What the set-up function is told of a target; CloudFormation hands numbers over as text. */
export const setupProperties = z.object({
  target: text,
  host: text,
  port: z.coerce.number().int(),
  database: text,
  applicationRole: text,
  loginRole: text,
  ownerRole: text,
  loginBy: z.enum(['iam', 'password']),
  adminSecretArn: text,
  authorities: text.optional(),
})

export type SetupProperties = z.output<typeof setupProperties>

export interface SetupPorts {
  readonly access: DatabaseAccess
  /** The text of `docs/database-roles.sql`. */
  readonly rolesText: string
}

/**
 * Makes a target's roles as its administrator. Idempotent; deleting the stack takes nothing away from the database.
 *
 * @throws LockstepError what connecting throws; PRIVILEGE_MISSING or INTERNAL with the server's words when the SQL is refused
 */
export const setUpRoles =
  ({ access, rolesText }: SetupPorts) =>
  async ({ kind, properties }: ResourceEvent<SetupProperties>): Promise<void> => {
    if (kind === 'delete') return
    const { target, host, port, database, applicationRole, adminSecretArn, authorities } = properties
    const settings = parseTargetSettings({
      ...{ target, applicationRole },
      connection: {
        ...{ host, port, database, user: 'postgres', authorities },
        credential: { kind: 'secret', arn: adminSecretArn },
      },
    })
    const roles: DatabaseRoles = properties
    await using connection = await openConnection({ settings, token: token(0), access })
    await connection.query(`cannot make the roles of ${target}`, rolesSql(rolesText, roles))
  }

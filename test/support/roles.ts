import { readFile } from 'node:fs/promises'
import { type DatabaseRoles, rolesSql } from '../../functions/adapters/database-roles.ts'

const rolesFile = new URL('../../docs/database-roles.sql', import.meta.url)

/** Reads `docs/database-roles.sql` with a target's names in it. */
export const readRolesSql = async (roles: DatabaseRoles): Promise<string> =>
  rolesSql(await readFile(rolesFile, 'utf8'), roles)

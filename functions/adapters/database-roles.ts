import { escapeLiteral } from 'pg'
import { LockstepError } from '../domain/errors.ts'

/** Names that `docs/database-roles.sql` wants for one target. */
export interface DatabaseRoles {
  readonly applicationRole: string
  readonly loginRole: string
  /** Owns schema `lockstep`; nobody logs in as it. */
  readonly ownerRole: string
  readonly loginBy: 'iam' | 'password'
}

/**
 * Puts a target's names into the text of `docs/database-roles.sql`, in place of the example's.
 *
 * @throws LockstepError INTERNAL when the text has no place for one of them
 */
export const rolesSql = (text: string, { applicationRole, loginRole, ownerRole, loginBy }: DatabaseRoles): string => {
  const values = { application_role: applicationRole, login_role: loginRole, owner_role: ownerRole, login_by: loginBy }
  return Object.entries(values).reduce((sql, [name, value]) => {
    const place = new RegExp(`^set lockstep\\.${name} = '[^']*';`, 'm')
    if (!place.test(sql)) throw new LockstepError('INTERNAL', `the roles' SQL sets no lockstep.${name}`)
    return sql.replace(place, () => `set lockstep.${name} = ${escapeLiteral(value)};`)
  }, text)
}

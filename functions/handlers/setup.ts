import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { databaseAccess } from '../edge/compose-access.ts'
import { answerCloudFormation } from '../edge/custom-resource.ts'
import { setUpRoles, setupProperties } from '../edge/set-up-roles.ts'

const beside = import.meta.dirname
const act = setUpRoles({
  access: databaseAccess(join(beside, 'authorities')),
  rolesText: await readFile(join(beside, 'database-roles.sql'), 'utf8'),
})

/** Makes a target's roles at deploy, as its administrator; CloudFormation alone calls it. */
export const handler = (event: unknown): Promise<void> => answerCloudFormation(event, setupProperties, act)

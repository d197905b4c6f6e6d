import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { databaseAccess } from '../edge/compose-access.ts'
import { readSetupConfig } from '../edge/config.ts'
import { answerCloudFormation } from '../edge/custom-resource.ts'
import { setUpRoles } from '../edge/set-up-roles.ts'

const beside = import.meta.dirname
const act = setUpRoles({
  access: databaseAccess(join(beside, 'authorities')),
  rolesText: await readFile(join(beside, 'database-roles.sql'), 'utf8'),
  ...readSetupConfig(),
})

/** Makes its target's roles at deploy, as the administrator; an event says when, and nothing of where. */
export const handler = (event: unknown): Promise<void> => answerCloudFormation(event, act)

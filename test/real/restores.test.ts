import { restoreTests } from '../support/restore-tests.ts'
import { realRestoreWorld } from '../support/restore-world.ts'

restoreTests('restores of PostgreSQL and DynamoDB', realRestoreWorld)

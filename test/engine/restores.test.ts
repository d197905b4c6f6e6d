import { restoreTests } from '../support/restore-tests.ts'
import { memoryRestoreWorld } from '../support/restore-world.ts'

restoreTests('restores in memory', memoryRestoreWorld)

import { afterAll, beforeAll, describe } from 'vitest'
import type { Backend } from '../../functions/domain/records.ts'
import type { TargetSettings } from '../../functions/domain/settings.ts'
import type { TargetDatabase } from '../../functions/engine/target-database.ts'
import { fenceTests } from './target-database-fence.ts'
import { indexTests } from './target-database-indexes.ts'
import { keptTests } from './target-database-kept.ts'
import { lockTests } from './target-database-lock.ts'
import { stepTests } from './target-database-steps.ts'
import { unitTests } from './target-database-units.ts'
import { verifyTests } from './target-database-verify.ts'

/** A target's database under test, and the ways around it that a test needs. */
export interface TargetFixture extends AsyncDisposable {
  readonly database: TargetDatabase
  /** Makes an empty database. */
  newDatabase(): Promise<TargetSettings>
  /** Ends a session from outside, as the server's shutdown would. */
  kill(settings: TargetSettings, backend: Backend): Promise<void>
  /** Has a concurrent build of the unique index `"Broken"` on table `twice` fail, which leaves it invalid. */
  leaveInvalidIndex(settings: TargetSettings): Promise<void>
  /** How often the text `insert into t values (1)` took effect. */
  countInserts(settings: TargetSettings): Promise<number>
}

/** Holds a target's database to the port's contract. */
export function targetDatabaseContract(name: string, open: () => Promise<TargetFixture>): void {
  describe(name, () => {
    let fixture: TargetFixture
    beforeAll(async () => {
      fixture = await open()
    })
    afterAll(() => fixture[Symbol.asyncDispose]())

    const use = (): TargetFixture => fixture
    lockTests(use)
    fenceTests(use)
    indexTests(use)
    stepTests(use)
    unitTests(use)
    verifyTests(use)
    keptTests(use)
  })
}

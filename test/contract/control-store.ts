import { afterAll, beforeAll, describe } from 'vitest'
import type { AuditEvent } from '../../functions/domain/audit.ts'
import type { LockRecord } from '../../functions/domain/records.ts'
import type { TargetSettings } from '../../functions/domain/settings.ts'
import type { ControlStore } from '../../functions/engine/control-store.ts'
import { claimTests } from './control-store-claims.ts'
import { leaseTests } from './control-store-leases.ts'
import { ledgerTests } from './control-store-ledger.ts'
import { operatorTests } from './control-store-operator.ts'
import { readingTests } from './control-store-readings.ts'
import { runTests } from './control-store-runs.ts'
import { takeOverTests } from './control-store-takeovers.ts'

/** A control store under test, and the ways around it that a test needs. */
export interface ControlFixture extends AsyncDisposable {
  readonly store: ControlStore
  /** Writes LOCK as no method of the store would. */
  putLock(lock: LockRecord): Promise<void>
  /** Puts audit events without moving the chain, as a restore of the control table alone leaves it. */
  putEvents(events: readonly AuditEvent[]): Promise<void>
  putSettings(settings: TargetSettings): Promise<void>
}

/** Holds a control store to the port's contract. */
export function controlStoreContract(name: string, open: () => Promise<ControlFixture>): void {
  describe(name, () => {
    let fixture: ControlFixture
    beforeAll(async () => {
      fixture = await open()
    })
    afterAll(() => fixture[Symbol.asyncDispose]())

    const use = (): ControlFixture => fixture
    claimTests(use)
    takeOverTests(use)
    leaseTests(use)
    runTests(use)
    ledgerTests(use)
    operatorTests(use)
    readingTests(use)
  })
}

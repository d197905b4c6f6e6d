import { describe, expect, test } from 'vitest'
import type { Receipt } from '../../functions/domain/receipt.ts'
import type { StepSource } from '../../functions/domain/step-source.ts'
import type { RunContext } from '../../functions/engine/run-context.ts'
import { runStep } from '../../functions/engine/step.ts'
import { countingRandom } from '../support/counting-random.ts'
import {
  type AttachedTarget,
  attachTarget,
  commitText,
  leaseOf,
  orderOf,
  sourceOf,
  verifiedSource,
} from '../support/step-orders.ts'
import { virtualClock } from '../support/virtual-clock.ts'
import type { TargetFixture } from './target-database.ts'

/** They hold or not on PostgreSQL by what they do, in memory by what they say. */
const holds = 'select true;\ndo $$ begin end $$;\nvalues (true)'
const returnsFalse = 'select true;\n  select -- returns: false\n  false'
const raises = 'select 1 / 0 -- fails: 22012'

const insert = 'insert into t values (1)'
const alone = 'create index concurrently i on t (id)'
const inUnits = (...units: readonly string[]): string => `-- lockstep:transaction=none\n${units.join(';\n')}`

export function verifyTests(use: () => TargetFixture): void {
  describe('assertions', () => {
    const attached = async () => {
      const settings = await use().newDatabase()
      const target = await attachTarget(use().database, settings, leaseOf(settings.target, 1))
      await commitText(target, 'create table t (id int)', 'first')
      return target
    }
    const inserts = (target: AttachedTarget) => use().countInserts(target.settings)
    const progressOf = async ({ session }: AttachedTarget) =>
      (await session.readState()).progress.map(({ unit, state }) => `${unit} ${state}`)
    const appliedOf = async ({ session }: AttachedTarget) =>
      (await session.readState()).applied.map(({ migration }) => migration)
    /** Runs a step from wherever it is to its receipt, as the engine does. */
    const run = async (target: AttachedTarget, source: StepSource): Promise<Receipt> => {
      const { attempt: _, ...order } = await orderOf(target, source)
      const { progress } = await target.session.readState()
      const clock = virtualClock()
      const context = { settings: target.settings, clock, random: countingRandom(), log: { info() {}, warn() {} } }
      return await runStep(context as unknown as RunContext, { session: target.session, order, progress })
    }

    test('given assertions that hold, when a step is committed, then its receipt is written', async () => {
      await using target = await attached()
      const receipt = await target.session.commitStep(await orderOf(target, verifiedSource(insert, holds)))
      expect(receipt).toMatchObject({ migration: 'm', outcome: 'committed' })
      expect(await inserts(target)).toBe(1)
    })

    test('given a query that returns false, when a step is committed, then all of it is rolled back, with the place', async () => {
      await using target = await attached()
      const order = await orderOf(target, verifiedSource(insert, returnsFalse))
      const error = await target.session.commitStep(order).catch((thrown) => thrown)
      expect(error).toMatchObject({
        code: 'VERIFY_FAILED',
        message: 'm: assertion 2 of m/verify.sql returned false',
        details: {
          migration: 'm',
          place: { file: 'm/verify.sql', line: 2, column: 3, excerpt: '  select -- returns: false\n  ^' },
        },
      })
      expect(error.details.sqlState).toBeUndefined()
      expect(await inserts(target)).toBe(0)
      expect(await appliedOf(target)).toEqual(['first'])
    })

    test('given an assertion that raises an error, when a step is committed, then it fails with that SQLSTATE', async () => {
      await using target = await attached()
      const order = await orderOf(target, verifiedSource(insert, raises))
      await expect(target.session.commitStep(order)).rejects.toMatchObject({
        code: 'VERIFY_FAILED',
        message: expect.stringMatching(/^m: assertion 1 of m\/verify\.sql failed: /),
        details: { sqlState: '22012', place: { file: 'm/verify.sql', line: 1, column: 1 } },
      })
      expect(await inserts(target)).toBe(0)
    })

    test('given a way back with an assertion that fails, when it is committed, then the migration stays applied', async () => {
      await using target = await attached()
      await commitText(target, 'select 1')
      const down = await orderOf(target, verifiedSource('select 1', returnsFalse), { direction: 'down' })
      const error = await target.session.commitStep(down).catch((thrown) => thrown)
      expect(error).toMatchObject({ code: 'VERIFY_FAILED', hint: expect.stringContaining('the way back') })
      expect(await appliedOf(target)).toEqual(['first', 'm'])
    })

    test('given a migration that fails itself, when it is committed with assertions, then it is the migration that failed', async () => {
      await using target = await attached()
      const order = await orderOf(target, verifiedSource(raises, returnsFalse))
      await expect(target.session.commitStep(order)).rejects.toMatchObject({ code: 'MIGRATION_FAILED' })
    })

    test('given a last unit in a transaction, when an assertion fails, then it is rolled back and those before it stay', async () => {
      await using target = await attached()
      const text = inUnits(insert, alone, insert)
      const receipt = await run(target, verifiedSource(text, returnsFalse))
      expect(receipt).toMatchObject({ outcome: 'failed', failure: { code: 'VERIFY_FAILED' } })
      expect(receipt.failure?.hint).toContain('the statements before the last took effect and stay')
      expect(await progressOf(target)).toEqual(['0 done', '1 done'])
      expect(await inserts(target)).toBe(1)
      expect(await run(target, verifiedSource(text, holds))).toMatchObject({ outcome: 'committed' })
      expect(await inserts(target)).toBe(2)
    })

    test('given a last unit that runs alone, when an assertion fails, then it is done, and only the assertions run again', async () => {
      await using target = await attached()
      const text = inUnits(insert, alone)
      const receipt = await run(target, verifiedSource(text, returnsFalse))
      expect(receipt).toMatchObject({ outcome: 'failed', failure: { code: 'VERIFY_FAILED' } })
      expect(receipt.failure?.hint).toContain('m/verify.sql, which is no part of the checksum')
      expect(await progressOf(target)).toEqual(['0 done', '1 done'])
      expect(await run(target, verifiedSource(text, raises))).toMatchObject({ failure: { sqlState: '22012' } })
      expect(await progressOf(target)).toEqual(['0 done', '1 done'])
      // a second build would fail: the index is there
      expect(await run(target, verifiedSource(text, holds))).toMatchObject({ outcome: 'committed' })
      expect(await progressOf(target)).toEqual([])
      expect(await appliedOf(target)).toEqual(['first', 'm'])
      expect(await inserts(target)).toBe(1)
    })

    test('given units that are all done, when the verify file was taken out, then the receipt is written', async () => {
      await using target = await attached()
      const text = inUnits(insert, alone)
      await run(target, verifiedSource(text, returnsFalse))
      expect(await run(target, sourceOf(text))).toMatchObject({ outcome: 'committed' })
      expect(await inserts(target)).toBe(1)
    })

    test('given a runner that died before the last record, when another asks the catalog, then the assertions still run', async () => {
      await using target = await attached()
      const source = verifiedSource(inUnits(alone), returnsFalse)
      const order = await orderOf(target, source)
      const unit = source.body.kind === 'units' ? source.body.units[0] : undefined
      if (unit === undefined) throw new Error('no unit')
      await target.session.openUnit(order, unit)
      await target.session.runUnit(order, unit)
      expect(await run(target, source)).toMatchObject({ failure: { code: 'VERIFY_FAILED' } })
      expect(await progressOf(target)).toEqual(['0 done'])
    })

    test('given an assertion that waits for a lock at first, when the step is run, then it is tried again', async () => {
      await using target = await attached()
      const waiting = "do $$ begin raise exception using errcode = 'lock_not_available'; end $$ -- fails: 55P03"
      const receipt = await run(target, verifiedSource(inUnits(insert, alone), waiting))
      const { stepAttempts } = target.settings.policy
      expect(receipt).toMatchObject({ attempt: stepAttempts, failure: { code: 'VERIFY_FAILED', sqlState: '55P03' } })
      expect(await inserts(target)).toBe(1)
    })
  })
}

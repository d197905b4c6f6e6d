import { describe, expect, test } from 'vitest'
import { sha256 } from '../../functions/domain/checksum.ts'
import type { Receipt } from '../../functions/domain/receipt.ts'
import type { Unit } from '../../functions/domain/step-source.ts'
import type { RunContext } from '../../functions/engine/run-context.ts'
import { runStep } from '../../functions/engine/step.ts'
import type { StepOrder } from '../../functions/engine/target-database.ts'
import { countingRandom } from '../support/counting-random.ts'
import { type AttachedTarget, attachTarget, commitText, leaseOf, orderOf, sourceOf } from '../support/step-orders.ts'
import { virtualClock } from '../support/virtual-clock.ts'
import type { TargetFixture } from './target-database.ts'

const text = `-- lockstep:transaction=none
  insert into t values (1);
  create index concurrently i on t (id);
  insert into t values (1);
`

type Call = 'commitUnit' | 'openUnit' | 'runUnit' | 'closeUnit'

/** What an undisturbed run of the text above calls, in this order. */
const calls: readonly (readonly [Call, number])[] = [
  ['commitUnit', 0],
  ['openUnit', 1],
  ['runUnit', 1],
  ['closeUnit', 1],
  ['commitUnit', 2],
]

export function unitTests(use: () => TargetFixture): void {
  describe('units', () => {
    const attached = async () => {
      const settings = await use().newDatabase()
      const target = await attachTarget(use().database, settings, leaseOf(settings.target, 1))
      await commitText(target, 'create table t (id int)', 'first')
      return target
    }
    const unitOf = ({ source }: StepOrder, index: number): Unit => {
      const unit = source.body.kind === 'units' ? source.body.units[index] : undefined
      if (unit === undefined) throw new Error(`no unit ${index}`)
      return unit
    }
    const make = async ({ session }: AttachedTarget, order: StepOrder, [call, index]: readonly [Call, number]) => {
      const position = index === 2 ? 'last' : 'not-last'
      const unit = unitOf(order, index)
      if (call === 'commitUnit') return await session.commitUnit(order, unit, position)
      if (call === 'closeUnit') return await session.closeUnit(order, unit, position)
      await session[call](order, unit)
      return undefined
    }
    /** Runs the step from wherever it is, as the engine does. */
    const resume = async (target: AttachedTarget): Promise<Receipt> => {
      const { attempt: _, ...order } = await orderOf(target, sourceOf(text))
      const { progress } = await target.session.readState()
      const clock = virtualClock()
      const context = { settings: target.settings, clock, random: countingRandom(), log: { info() {}, warn() {} } }
      return await runStep(context as unknown as RunContext, { session: target.session, order, progress })
    }

    test('given units, when they run one after another, then progress tells of each and ends with the receipt', async () => {
      await using target = await attached()
      const order = await orderOf(target, sourceOf(text))
      const seen: string[] = []
      for (const call of calls) {
        const receipt = await make(target, order, call)
        const { progress } = await target.session.readState()
        seen.push(
          `${progress.map(({ unit, state }) => `${unit} ${state}`).join(', ')}${receipt ? receipt.outcome : ''}`,
        )
      }
      expect(seen).toEqual(['0 done', '0 done, 1 running', '0 done, 1 running', '0 done, 1 done', 'committed'])
      expect(await use().countInserts(target.settings)).toBe(2)
    })

    test.each([0, 1, 2, 3, 4, 5])(
      'given a crash after %i calls, when another worker goes on, then each unit ran once',
      async (made) => {
        const first = await attached()
        const order = await orderOf(first, sourceOf(text))
        for (const call of calls.slice(0, made)) await make(first, order, call)
        await use().kill(first.settings, first.session.backend)
        await first[Symbol.asyncDispose]()

        await using second = await attachTarget(use().database, first.settings, leaseOf(first.lease.target, 2))
        const before = await second.session.receiptsAfter(null, 10)
        if (before.length === 1) await resume(second)
        const receipts = await second.session.receiptsAfter(null, 10)
        const { progress, applied } = await second.session.readState()
        expect(await use().countInserts(second.settings)).toBe(2)
        expect(receipts.map(({ migration, outcome }) => `${migration} ${outcome}`)).toEqual([
          'first committed',
          'm committed',
        ])
        expect({ progress, applied: applied.map(({ migration }) => migration) }).toEqual({
          progress: [],
          applied: ['first', 'm'],
        })
        expect(await second.session.examineUnit(order, unitOf(order, 1))).toBe('done')
      },
    )

    test('given a unit that is done, when it is committed again, then it conflicts and does not run', async () => {
      await using target = await attached()
      const order = await orderOf(target, sourceOf(text))
      await make(target, order, ['commitUnit', 0])
      await expect(make(target, order, ['commitUnit', 0])).rejects.toMatchObject({ code: 'STEP_CONFLICT' })
      expect(await use().countInserts(target.settings)).toBe(1)
    })

    test('given units before a failing one, when the failure is recorded, then their progress stays and its mark goes', async () => {
      await using target = await attached()
      const failing = sourceOf(`-- lockstep:transaction=none
        insert into t values (1);
        vacuum nowhere; -- fails: 42P01`)
      const order = await orderOf(target, { ...failing, body: failing.body })
      await make(target, order, ['commitUnit', 0])
      const marked = { ...unitOf(order, 1), sql: 'vacuum nowhere -- fails: 42P01' }
      await target.session.openUnit(order, marked)
      await expect(target.session.runUnit(order, marked)).rejects.toMatchObject({
        code: 'MIGRATION_FAILED',
        details: { sqlState: '42P01' },
      })
      await target.session.recordFailure(order, { code: 'MIGRATION_FAILED', message: '', hint: '' })
      const { progress } = await target.session.readState()
      expect(progress).toEqual([
        { migration: 'm', direction: 'up', unit: 0, sha256: unitOf(order, 0).sha256, state: 'done' },
      ])
    })

    test.each(['NEEDS_OPERATOR', 'LOCK_RELEASED', 'STEP_TOO_LONG'] as const)(
      'given %s, which says nothing of the statement, when it is recorded, then the mark of the unit stays',
      async (code) => {
        await using target = await attached()
        const order = await orderOf(target, sourceOf(text))
        await make(target, order, ['commitUnit', 0])
        await make(target, order, ['openUnit', 1])
        await target.session.recordFailure(order, { code, message: '', hint: '' })
        const { progress } = await target.session.readState()
        expect(progress.map(({ unit, state }) => `${unit} ${state}`)).toEqual(['0 done', '1 running'])
      },
    )

    test('given a statement of which the catalog says nothing, when it is examined, then it is unknown', async () => {
      await using target = await attached()
      const order = await orderOf(target, sourceOf(text))
      const { effect: _, ...unit } = unitOf(order, 1)
      expect(await target.session.examineUnit(order, { ...unit, sha256: sha256('other') })).toBe('unknown')
    })
  })
}

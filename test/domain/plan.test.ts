import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes } from '../../functions/domain/byte-order.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { History, Migration } from '../../functions/domain/migration.ts'
import { type PlanInput, planUp } from '../../functions/domain/plan.ts'
import type { TargetPolicy } from '../../functions/domain/settings.ts'
import type { TargetState } from '../../functions/domain/target-state.ts'
import { instant, migrationName, runId, token } from '../../functions/domain/types.ts'

const policy: TargetPolicy = {
  outOfOrder: 'apply',
  requireManifest: false,
  requireCertificate: false,
  signers: [],
  after: null,
  stepAttempts: 3,
  faultAttempts: 10,
  faultWindowMs: 900_000,
  keepBytes: 1_073_741_824,
  keepRows: 10_000_000,
}

const migration = (name: string, text = name): Migration => {
  const checksum = sha256(text)
  const path = `${name}/migration.sql`
  return { name: migrationName(name), checksum, form: 'folder', up: { path, bytes: text.length, sha256: checksum } }
}

const historyOf = (...migrations: readonly Migration[]): History => ({
  migrations: migrations.toSorted((a, b) => compareBytes(a.name, b.name)),
  notices: [],
})

const stateOf = (applied: readonly Migration[], more: Partial<TargetState> = {}): TargetState => ({
  head: applied.length === 0 ? null : { token: token(1), n: applied.length },
  applied: applied.map((row, index) => ({
    migration: row.name,
    checksum: row.checksum,
    receipt: { token: token(1), n: index + 1 },
    run: runId('r-1'),
    at: instant(new Date(0)),
  })),
  reverted: [],
  progress: [],
  ...more,
})

const input = (history: History, state: TargetState, more: Partial<PlanInput> = {}): PlanInput => ({
  history,
  state,
  policy,
  reapply: [],
  ...more,
})

const names = (plan: ReturnType<typeof planUp>): readonly string[] => plan.steps.map((step) => step.migration.name)

const refusalOf = (act: () => unknown): LockstepError => {
  try {
    act()
  } catch (error) {
    if (error instanceof LockstepError) return error
    throw error
  }
  throw new Error('expected a refusal, got none')
}

const [a, b, c] = [migration('1_a'), migration('2_b'), migration('3_c')] as const

describe('what is pending', () => {
  test('given a fresh target, when planned, then everything is pending in byte order', () => {
    expect(names(planUp(input(historyOf(c, a, b), stateOf([]))))).toEqual(['1_a', '2_b', '3_c'])
  })

  test('given names of different digit counts, when planned, then bytes decide, not numbers', () => {
    const history = historyOf(migration('20251118_x'), migration('20251118210258_y'))
    expect(names(planUp(input(history, stateOf([]))))).toEqual(['20251118210258_y', '20251118_x'])
  })

  test('given everything applied, when planned, then there is nothing to do and nothing to say', () => {
    expect(planUp(input(historyOf(a, b), stateOf([a, b])))).toEqual({ steps: [], notices: [] })
  })

  test('given a pending one below the newest applied, when planned, then it is marked as out of order', () => {
    const plan = planUp(input(historyOf(a, b, c), stateOf([a, c])))
    expect(plan.steps.map((step) => [step.migration.name, step.outOfOrder])).toEqual([['2_b', true]])
    expect(plan.notices.map((notice) => notice.code)).toEqual(['OUT_OF_ORDER'])
  })

  test('given a bundle that lacks applied migrations and has nothing pending, when planned, then it is behind, with a notice', () => {
    const plan = planUp(input(historyOf(a), stateOf([a, b])))
    expect(plan.steps).toEqual([])
    expect(plan.notices.map((notice) => notice.code)).toEqual(['BEHIND'])
  })
})

describe('what is refused', () => {
  const half = { migration: b.name, direction: 'up', unit: 0, sha256: sha256('x'), state: 'done' } as const
  const reverted = [{ migration: b.name, checksum: b.checksum, receipt: { token: token(1), n: 2 }, run: runId('r-2') }]
  const cases: readonly [string, PlanInput, string, readonly string[]][] = [
    ['an edited migration', input(historyOf(migration('1_a', 'new'), b), stateOf([a])), 'MIGRATION_EDITED', ['1_a']],
    ['a diverged history', input(historyOf(a, c), stateOf([a, b])), 'HISTORY_DIVERGED', ['2_b']],
    [
      'a half applied one that is not first',
      input(historyOf(a, b), stateOf([], { progress: [half] })),
      'HALF_APPLIED',
      ['2_b'],
    ],
    [
      'a half undone one',
      input(historyOf(a, b), stateOf([a], { progress: [{ ...half, direction: 'down' }] })),
      'HALF_APPLIED',
      ['2_b'],
    ],
    ['a rolled back one', input(historyOf(a, b, c), stateOf([a], { reverted })), 'HELD_BACK', ['2_b']],
    [
      'one out of order where the target says so',
      input(historyOf(a, b, c), stateOf([a, c]), { policy: { ...policy, outOfOrder: 'refuse' } }),
      'OUT_OF_ORDER',
      ['2_b'],
    ],
  ]

  test.each(cases)(
    'given %s, when planned, then the plan is refused whole and names it',
    (_name, given, code, about) => {
      const refusal = refusalOf(() => planUp(given))
      expect([refusal.code, refusal.details.names]).toEqual([code, about])
    },
  )

  test('given a rolled back one that is wanted again, when planned, then it is pending', () => {
    expect(names(planUp(input(historyOf(a, b), stateOf([a], { reverted }), { reapply: [b.name] })))).toEqual(['2_b'])
  })

  test('given a rolled back one with another text, when planned, then it is pending like any other', () => {
    const changed = migration('2_b', 'corrected')
    expect(names(planUp(input(historyOf(a, changed), stateOf([a], { reverted }))))).toEqual(['2_b'])
  })

  test('given a half applied one that comes first, when planned, then it may go on', () => {
    expect(names(planUp(input(historyOf(a, b, c), stateOf([a], { progress: [half] }))))).toEqual(['2_b', '3_c'])
  })
})

test('given any history and any applied part of it, when planned, then applying the plan leaves nothing pending', () => {
  const histories = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }), {
    minLength: 1,
    maxLength: 30,
  })
  fc.assert(
    fc.property(histories, fc.infiniteStream(fc.boolean()), (all, coins) => {
      const history = historyOf(...all.map((name) => migration(name)))
      const applied = history.migrations.filter(() => coins.next().value)
      const plan = planUp(input(history, stateOf(applied)))
      const pending = plan.steps.map((step) => step.migration)
      expect(new Set([...applied, ...pending]).size).toBe(history.migrations.length)
      expect(pending).toEqual(pending.toSorted((x, y) => Buffer.compare(Buffer.from(x.name), Buffer.from(y.name))))
      expect(planUp(input(history, stateOf([...applied, ...pending]))).steps).toEqual([])
    }),
  )
})

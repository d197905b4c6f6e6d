import { describe, expect, test } from 'vitest'
import {
  digestOfPlan,
  type LossCount,
  leadingComment,
  type PlanContent,
  runIdOfPlan,
} from '../../functions/domain/rollback-plan.ts'
import { instant, isTargetName, migrationName, runId, token } from '../../functions/domain/types.ts'

const target = 'shop'
if (!isTargetName(target)) throw new Error('not a target name')

const planWith = (count: LossCount, changes: Partial<PlanContent> = {}): PlanContent => ({
  target,
  wish: { kind: 'steps', count: 1 },
  floor: null,
  head: { token: token(1), n: 1 },
  previous: null,
  steps: [
    {
      migration: migrationName('1_a'),
      receipt: { token: token(1), n: 1 },
      run: runId('r-1'),
      appliedAt: instant(new Date(0)),
      path: '1_a/down.sql',
      sql: 'drop table a',
      comment: '',
      locks: [],
      losses: [{ what: 'drops table a', count }],
      restores: [],
    },
  ],
  ...changes,
})

describe('digestOfPlan', () => {
  const digest = digestOfPlan(planWith({ kind: 'counted', rows: 3 }))

  test('given a plan, when rows come and go, then it is the same plan', () => {
    expect(digestOfPlan(planWith({ kind: 'counted', rows: 18_201 }))).toBe(digest)
    expect(digestOfPlan(planWith({ kind: 'estimated', rows: 5 }))).toBe(digest)
  })

  test.each<[string, PlanContent]>([
    ['nothing is lost any more', planWith({ kind: 'counted', rows: 0 })],
    ['the table is gone', planWith({ kind: 'absent' })],
    ['a receipt was written', planWith({ kind: 'counted', rows: 3 }, { head: { token: token(1), n: 2 } })],
    ['a rollback has ended', planWith({ kind: 'counted', rows: 3 }, { previous: runId('r-2') })],
    ['less goes', planWith({ kind: 'counted', rows: 3 }, { steps: [] })],
  ])('given a plan, when %s, then it is another plan', (_, plan) => {
    expect(digestOfPlan(plan)).not.toBe(digest)
  })

  test('given a digest, when the run is named after it, then the name is a run’s, and another target’s is another', () => {
    expect(runIdOfPlan(target, digest)).toMatch(/^r-[0-9a-f]{24}$/)
    expect(runIdOfPlan(target, digest)).toBe(runIdOfPlan(target, digest))
  })
})

describe('leadingComment', () => {
  test.each([
    ['no comment', 'drop table a;\n-- not leading', ''],
    ['a comment', '-- Stop the app first.\n--   Then press.\ndrop table a;', 'Stop the app first.\n  Then press.'],
    ['a comment above the SQL’s own', '-- Stop the app.\n\n-- DropTable\ndrop table a;', 'Stop the app.'],
    ['directives', '-- lockstep:lock_timeout=3s\n-- Loses: all.\ndrop table a;', 'Loses: all.'],
    ['a byte-order mark and CRLF', '\uFEFF-- a\r\n-- b\r\ndrop table a;', 'a\nb'],
    ['blank lines first', '\n\n-- a\n', 'a'],
    ['an empty comment line within', '-- a\n--\n-- b\n', 'a\n\nb'],
  ])('given %s, when it is read, then it is the prose at the top', (_, sql, comment) => {
    expect(leadingComment(sql)).toBe(comment)
  })
})

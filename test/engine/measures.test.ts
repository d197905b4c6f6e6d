import { describe, expect, test } from 'vitest'
import type { AuditEvent, AuditType } from '../../functions/domain/audit.ts'
import { chainEvents, emptyChain } from '../../functions/domain/audit-chain.ts'
import { LockstepError, toFailure } from '../../functions/domain/errors.ts'
import { instant, runId, type TargetName } from '../../functions/domain/types.ts'
import { measuresOf } from '../../functions/edge/audit-measures.ts'
import { measuresOfReconcile, measuresOfSlice } from '../../functions/edge/runner-measures.ts'

const target = 'shop' as TargetName
const eventOf = (type: AuditType, data: AuditEvent['data'] = {}): AuditEvent => {
  const draft = { type, at: instant(new Date(0)), run: runId('r-1'), actor: 'ada', data }
  const [event] = chainEvents(target, emptyChain, [draft])
  if (event === undefined) throw new Error('no event')
  return event
}

describe('metrics of audit events', () => {
  test.each([
    ['run.started', {}, { RunsStarted: 1 }],
    ['run.took-over', {}, { TakeOvers: 1 }],
    ['run.resumed', {}, {}],
    ['run.finished', { state: 'SUCCEEDED' }, { RunsSucceeded: 1 }],
    ['run.finished', { state: 'FAILED' }, { RunsFailed: 1 }],
    ['run.finished', { state: 'REFUSED' }, { RunsRefused: 1 }],
    ['run.finished', { state: 'CRASHED' }, { RunsCrashed: 1 }],
    ['run.finished', { state: 'EXPIRED' }, { RunsExpired: 1 }],
    ['run.finished', { state: 'toString' }, {}],
    ['migration.applied', { durationMs: 12 }, { MigrationsApplied: 1, MigrationDuration: 12 }],
    ['migration.reverted', { durationMs: 3 }, { MigrationsReverted: 1, MigrationDuration: 3 }],
    ['migration.failed', { durationMs: 9 }, { MigrationsFailed: 1 }],
    ['migration.retried', {}, { MigrationRetries: 1 }],
    ['lock.frozen', {}, { BreakGlass: 1 }],
  ] as const)('given %s with %o, when its metrics are read, then they are %o', (type, data, measures) => {
    expect(measuresOf(eventOf(type, data))).toEqual(measures)
  })
})

describe('metrics of answers', () => {
  const failed = (code: 'DRIFT' | 'FENCE_REGRESSION' | 'TARGET_WRONG' | 'AUDIT_BROKEN' | 'OUT_OF_ORDER') =>
    measuresOfSlice({ kind: 'done', state: 'REFUSED', applied: 0, failure: toFailure(new LockstepError(code, 'no')) })

  test('given slices, when they answer, then only what no event tells is measured', () => {
    expect(measuresOfSlice({ kind: 'more' })).toEqual({ SlicesParked: 1 })
    expect(measuresOfSlice({ kind: 'done', state: 'SUCCEEDED', applied: 3 })).toEqual({})
    expect(failed('AUDIT_BROKEN')).toEqual({ AuditBroken: 1 })
    expect((['DRIFT', 'FENCE_REGRESSION', 'TARGET_WRONG'] as const).map(failed)).toEqual(Array(3).fill({ Drift: 1 }))
    expect(failed('OUT_OF_ORDER')).toEqual({})
  })

  test('given a database that was reconciled, when it drifted, then its indexes were not looked at and are not counted', () => {
    const answer = { target, copied: 2, chain: emptyChain, invalidIndexes: [{ index: 'i', table: 't' }] }
    expect(measuresOfReconcile(answer)).toEqual({ ReceiptsCopied: 2, Drift: 0, InvalidIndexes: 1 })
    const drift = toFailure(new LockstepError('DRIFT', 'no'))
    expect(measuresOfReconcile({ ...answer, drift })).toEqual({ ReceiptsCopied: 2, Drift: 1 })
  })
})

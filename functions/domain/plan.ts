import { compareBytes } from './byte-order.ts'
import { LockstepError } from './errors.ts'
import type { History, Migration } from './migration.ts'
import { listNames } from './names.ts'
import type { TargetPolicy } from './settings.ts'
import type { TargetState } from './target-state.ts'
import type { MigrationName, Notice } from './types.ts'

/** What a run would do; pure data. Pending = bundle − receipts, so late, repeated and reordered events are harmless. */
export interface Plan {
  readonly steps: readonly PlannedStep[]
  readonly notices: readonly Notice[]
}

export interface PlannedStep {
  readonly migration: Migration
  /** True when a migration that sorts later is already applied. */
  readonly outOfOrder: boolean
}

export interface PlanInput {
  readonly history: History
  readonly state: TargetState
  readonly policy: TargetPolicy
  /** Migrations that were rolled back and are wanted again, as the manifest says. */
  readonly reapply: readonly MigrationName[]
}

/**
 * Decides which migrations of a history a run would apply, in which order.
 *
 * Planning twice from the same input gives the same plan, and from the state after it an empty one.
 *
 * @throws LockstepError MIGRATION_EDITED, HISTORY_DIVERGED, HALF_APPLIED, HELD_BACK, OUT_OF_ORDER; the plan is refused whole
 */
export function planUp(input: PlanInput): Plan {
  const { history, state, policy } = input
  refuseEdited(history, state)
  const applied = new Set(state.applied.map((row) => row.migration))
  const newestApplied = state.applied.map((row) => row.migration).reduce(later, '')
  const pending = history.migrations.filter((migration) => !applied.has(migration.name))
  const steps = pending.map((migration) => ({ migration, outOfOrder: compareBytes(migration.name, newestApplied) < 0 }))
  const notices = [
    ...noticeOrRefuseMissing(history, state, pending),
    ...steps.filter(isOutOfOrder).map(outOfOrderNotice),
  ]
  refuseHalfApplied(pending, state)
  refuseHeldBack(input)
  if (policy.outOfOrder === 'refuse') refuseOutOfOrder(steps, newestApplied)
  return { steps, notices }
}

const later = (a: string, b: string): string => (compareBytes(a, b) < 0 ? b : a)

const isOutOfOrder = (step: PlannedStep): boolean => step.outOfOrder

const outOfOrderNotice = ({ migration }: PlannedStep): Notice => ({
  code: 'OUT_OF_ORDER',
  message: `${migration.name} sorts before a migration that is already applied`,
  migration: migration.name,
})

function refuseEdited(history: History, state: TargetState): void {
  const checksums = new Map(state.applied.map((row) => [row.migration, row.checksum]))
  const edited = history.migrations.filter(({ name, checksum }) => (checksums.get(name) ?? checksum) !== checksum)
  const first = edited[0]
  if (first === undefined) return
  throw new LockstepError(
    'MIGRATION_EDITED',
    `edited after being applied: ${listNames(edited.map((migration) => migration.up.path))}; ` +
      `${first.name} was applied with checksum ${checksums.get(first.name)?.slice(0, 12)}, got ${first.checksum.slice(0, 12)}`,
    { migration: first.name, names: edited.map((migration) => migration.name) },
  )
}

/** A bundle that lacks applied migrations is behind: harmless with nothing pending, diverged with something pending. */
function noticeOrRefuseMissing(history: History, state: TargetState, pending: readonly Migration[]): readonly Notice[] {
  const known = new Set(history.migrations.map((migration) => migration.name))
  const missing = state.applied.map((row) => row.migration).filter((name) => !known.has(name))
  if (missing.length === 0) return []
  if (pending.length === 0) {
    return [{ code: 'BEHIND', message: `the bundle is behind the target, which also has ${listNames(missing)}` }]
  }
  throw new LockstepError(
    'HISTORY_DIVERGED',
    `the target has ${listNames(missing)}, which the bundle lacks, while the bundle has ${pending.length} pending`,
    { names: missing },
  )
}

/** Progress without a receipt: only that migration's own `up` may go on, before anything else. */
function refuseHalfApplied(pending: readonly Migration[], state: TargetState): void {
  const half = state.progress[0]
  if (half === undefined) return
  const first = pending[0]
  if (half.direction === 'up' && (first === undefined || first.name === half.migration)) return
  const got = first === undefined ? 'nothing' : first.name
  throw new LockstepError(
    'HALF_APPLIED',
    `${half.migration} (${half.direction}) is half applied and must be finished first; expected it as the first step, got ${got}`,
    { migration: half.migration, names: [half.migration] },
  )
}

/** What was rolled back stays back until it is released or changed; else a repeated message would undo a rollback. */
export function heldBack(
  { migrations }: History,
  { reverted }: TargetState,
  reapply: readonly MigrationName[],
): readonly Migration[] {
  const checksums = new Map(reverted.map((row) => [row.migration, row.checksum]))
  const released = new Set(reapply)
  return migrations.filter(({ name, checksum }) => checksums.get(name) === checksum && !released.has(name))
}

function refuseHeldBack({ history, state, reapply }: PlanInput): void {
  const held = heldBack(history, state, reapply)
  if (held.length === 0) return
  const names = held.map((migration) => migration.name)
  throw new LockstepError('HELD_BACK', `rolled back and unchanged since: ${listNames(names)}`, { names })
}

function refuseOutOfOrder(steps: readonly PlannedStep[], newestApplied: string): void {
  const names = steps.filter(isOutOfOrder).map((step) => step.migration.name)
  if (names.length === 0) return
  throw new LockstepError('OUT_OF_ORDER', `${listNames(names)} would run after ${newestApplied}, which sorts later`, {
    names,
  })
}

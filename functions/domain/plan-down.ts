import { compareBytes } from './byte-order.ts'
import { LockstepError } from './errors.ts'
import { listNames } from './names.ts'
import { compareReceiptKeys, type ReceiptKey } from './receipt.ts'
import type { RollbackWish } from './records.ts'
import type { TargetState } from './target-state.ts'
import type { AppliedStep, KeptFile } from './way-back.ts'

/** An applied migration that has a way back. */
export type RevertibleStep = AppliedStep & { readonly wayBack: { readonly down: KeptFile } }

/** Which migrations a rollback takes back: those applied above `floor`, the newest first. */
export interface DownPlan {
  readonly floor: ReceiptKey | null
  readonly head: ReceiptKey
  readonly steps: readonly RevertibleStep[]
}

/**
 * Decides which migrations a wish takes back. Order is that in which they were applied, turned round, so one that was applied out of
 * order goes as the last that came.
 *
 * @param applied everything that is applied, the newest first
 * @throws LockstepError ROLLBACK_NOTHING, ROLLBACK_UNKNOWN, ROLLBACK_TOO_FAR, ROLLBACK_NOT_NEWEST; and as `revertAbove` does
 */
export function planDown(wish: RollbackWish, state: TargetState, applied: readonly AppliedStep[]): DownPlan {
  if (state.head === null || applied.length === 0) throw nothing('nothing is applied')
  const floor = floorOf(wish, state, applied)
  return { floor, head: state.head, steps: revertAbove(floor, state, applied) }
}

/**
 * Lists what lies above a receipt, as steps that can go.
 *
 * @throws LockstepError HALF_APPLIED; ROLLBACK_IRREVERSIBLE naming every migration without a way back
 */
export function revertAbove(
  floor: ReceiptKey | null,
  state: TargetState,
  applied: readonly AppliedStep[],
): readonly RevertibleStep[] {
  const steps = applied.filter(({ receipt }) => floor === null || compareReceiptKeys(receipt, floor) > 0)
  refuseHalfApplied(steps, state)
  const stuck = steps.filter((step) => !isRevertible(step))
  if (stuck.length > 0) throw irreversible(stuck)
  return steps.filter(isRevertible)
}

const isRevertible = (step: AppliedStep): step is RevertibleStep =>
  step.wayBack.down !== undefined && step.wayBack.irreversible === undefined

/** The newest receipt that stays; null takes everything back. */
function floorOf(wish: RollbackWish, state: TargetState, applied: readonly AppliedStep[]): ReceiptKey | null {
  switch (wish.kind) {
    case 'to':
      return floorAt(wish.migration, state, applied)
    case 'steps':
      if (wish.count > applied.length) {
        const message = `expected at most ${applied.length} steps, since so many migrations are applied, got ${wish.count}`
        throw new LockstepError('ROLLBACK_TOO_FAR', message)
      }
      return applied[wish.count]?.receipt ?? null
    case 'run':
      return floorBelow(wish.run, applied)
  }
}

function floorAt(wished: string, { reverted }: TargetState, applied: readonly AppliedStep[]): ReceiptKey {
  const index = applied.findIndex(({ migration }) => migration === wished)
  const found = applied[index]
  const newest = applied[0]?.migration ?? ''
  if (found === undefined) {
    const why = whyNotApplied(wished, newest, reverted)
    throw new LockstepError('ROLLBACK_UNKNOWN', `${wished} ${why}; the newest applied migration is ${newest}`)
  }
  if (index === 0) throw nothing(`${wished} is the newest applied migration already`)
  return found.receipt
}

function whyNotApplied(wished: string, newest: string, reverted: TargetState['reverted']): string {
  if (reverted.some(({ migration }) => migration === wished)) return 'was taken back already'
  return compareBytes(wished, newest) > 0 ? 'is ahead of what is applied' : 'is not applied'
}

function floorBelow(run: string, applied: readonly AppliedStep[]): ReceiptKey | null {
  const count = applied.findLastIndex((step) => step.run === run) + 1
  if (count === 0) throw nothing(`run ${run} applied nothing that is still applied`)
  const newer = applied.slice(0, count).filter((step) => step.run !== run)
  if (newer.length === 0) return applied[count]?.receipt ?? null
  const names = newer.map(({ migration }) => migration)
  const message = `other runs applied ${listNames(names)} after run ${run}, so it can't go back alone`
  const before = applied[count]?.migration
  const hint =
    before === undefined ? `take them back too, with --steps ${count}` : `take them back too, with --to ${before}`
  throw new LockstepError('ROLLBACK_NOT_NEWEST', message, { names, hint })
}

const nothing = (why: string): LockstepError => new LockstepError('ROLLBACK_NOTHING', `nothing to roll back: ${why}`)

/** Only a way back that was begun may go on; what was half applied on its way up has to be finished first. */
function refuseHalfApplied(steps: readonly AppliedStep[], { progress }: TargetState): void {
  const half = progress[0]
  if (half === undefined || (half.direction === 'down' && half.migration === steps[0]?.migration)) return
  throw new LockstepError(
    'HALF_APPLIED',
    `${half.migration} (${half.direction}) is half applied and must be finished first`,
    { migration: half.migration, names: [half.migration] },
  )
}

function irreversible(stuck: readonly AppliedStep[]): LockstepError {
  const names = stuck.map(({ migration }) => migration)
  const reasons = stuck.map(({ migration, wayBack }) =>
    wayBack.irreversible === undefined
      ? `${migration} has no down script`
      : `${migration} is irreversible: ${wayBack.irreversible}`,
  )
  return new LockstepError('ROLLBACK_IRREVERSIBLE', `there is no way back: ${reasons.join('; ')}`, { names })
}

import { canonicalJson } from './canonical-json.ts'
import { sha256 } from './checksum.ts'
import { LockstepError } from './errors.ts'
import type { Loss } from './losses.ts'
import type { DownPlan, RevertibleStep } from './plan-down.ts'
import type { Kept, ReceiptKey } from './receipt.ts'
import type { RollbackWish } from './records.ts'
import { showName } from './show-name.ts'
import { type Instant, type MigrationName, type RunId, runId, type Sha256, type TargetName } from './types.ts'

/** What a rollback would do, and what it would cost: pure data, shown before anything runs. */
export interface RollbackPlan {
  readonly target: TargetName
  readonly wish: RollbackWish
  /** The newest receipt that stays; null when nothing does. */
  readonly floor: ReceiptKey | null
  /** The newest receipt when the plan was made. */
  readonly head: ReceiptKey
  /** The newest rollback run that had ended by then: after it, the same steps are another plan. */
  readonly previous: RunId | null
  /** In the order in which they run: the newest migration first. */
  readonly steps: readonly PlannedRevert[]
  /** Passed back, it confirms this plan and no other. */
  readonly digest: Sha256
}

export interface PlannedRevert {
  readonly migration: MigrationName
  /** Of the `up` that is taken back. */
  readonly receipt: ReceiptKey
  readonly run: RunId
  readonly appliedAt: Instant
  readonly path: string
  /** The down SQL, as it was reviewed. */
  readonly sql: string
  /** The leading comment of the down SQL, where authors document the procedure. */
  readonly comment: string
  readonly certificate?: string
  /** Table locks that it takes, strongest first, for example `ACCESS EXCLUSIVE on "User"`. */
  readonly locks: readonly string[]
  readonly losses: readonly PricedLoss[]
  /** What was kept when it was applied, and is put back. */
  readonly restores: readonly Kept[]
}

/** What is thrown away: rows of a table, values of a column that are not null, or what can't be counted. */
export interface PricedLoss {
  /** For example `drops column "User"."nickname"`. */
  readonly what: string
  readonly count: LossCount
}

/**
 * - `counted`: so many rows or values that are not null, now
 * - `estimated`: counting took too long; from the planner's statistics
 * - `absent`: the object is not there now; a step before this one brings it back
 * - `unknown`: nothing that can be counted
 */
export type LossCount =
  | { readonly kind: 'counted'; readonly rows: number }
  | { readonly kind: 'estimated'; readonly rows: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown' }

/** Says a loss in words. */
export const showLoss = (loss: Loss): string => {
  if (loss.kind === 'other') return loss.what
  const { schema, table } = loss
  const name = { ...(schema !== undefined && { schema }), name: table }
  return loss.kind === 'table' ? `drops table ${showName(name)}` : `drops column ${showName(name, loss.column)}`
}

/** What a plan says beside its digest. */
export type PlanContent = Omit<RollbackPlan, 'digest'>

/**
 * Computes a plan's digest: over the target, its newest receipt, the steps with their SQL, which of the losses are real, and
 * what is put back. How many rows a loss has is no part of it, since a living database changes that all the time.
 */
export function digestOfPlan({ target, floor, head, previous, steps }: PlanContent): Sha256 {
  const content = steps.map(({ migration, receipt, sql, losses, restores }) => ({
    migration,
    receipt,
    sql: sha256(sql),
    losses: losses.map(({ what, count }) => ({ what, isReal: isReal(count) })),
    restores: restores.map(({ table, columns }) => ({ table, columns })),
  }))
  return sha256(canonicalJson({ target, floor, head, previous, steps: content }))
}

const isReal = (count: LossCount): boolean => count.kind !== 'absent' && !(count.kind === 'counted' && count.rows === 0)

/** Hex digits of a digest that a message shows. */
const shownDigits = 12

/** PLAN_STALE: what would be carried out now is another plan than the one that was confirmed. */
export const planChanged = (confirmed: Sha256, now: Sha256): LockstepError =>
  planStale(`it was ${confirmed.slice(0, shownDigits)}, it would be ${now.slice(0, shownDigits)} now`)

/** PLAN_STALE, and why. */
export const planStale = (why: string): LockstepError =>
  new LockstepError('PLAN_STALE', `the plan that was confirmed no longer holds: ${why}`)

/** Hex digits of a run's id. */
const idDigits = 24

/** Derives the id of the run that carries a plan out, so that asking twice is one run. */
export const runIdOfPlan = (target: TargetName, digest: Sha256): RunId =>
  runId(`r-${sha256(canonicalJson({ target, plan: digest })).slice(0, idDigits)}`)

/** Makes the plan of what a wish takes back. */
export function makePlan(
  { floor, head }: DownPlan,
  steps: readonly PlannedRevert[],
  about: Pick<RollbackPlan, 'target' | 'wish' | 'previous'>,
): RollbackPlan {
  const content: PlanContent = { ...about, floor, head, steps }
  return { ...content, digest: digestOfPlan(content) }
}

/** Tells of a step what needs no database. */
export const revertOf = (step: RevertibleStep): Omit<PlannedRevert, 'locks' | 'losses' | 'restores'> => {
  const { migration, receipt, run, at, wayBack } = step
  const { path, text } = wayBack.down
  const { certificate } = wayBack
  return {
    ...{ migration, receipt, run, appliedAt: at, path, sql: text, comment: leadingComment(text) },
    ...(certificate !== undefined && { certificate }),
  }
}

/** The comment lines at the top of a file, without their dashes; directives are no prose, and a blank line ends it. */
export function leadingComment(text: string): string {
  const lines = text
    .replace(/^[\uFEFF\s]+/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
  const end = lines.findIndex((line) => !line.startsWith('--'))
  return (end < 0 ? lines : lines.slice(0, end))
    .map((line) => line.replace(/^-+ ?/, ''))
    .filter((line) => !line.startsWith('lockstep:'))
    .join('\n')
    .trim()
}

import { locksOf } from '../domain/locks.ts'
import { type Loss, lossesOf } from '../domain/losses.ts'
import type { DownPlan } from '../domain/plan-down.ts'
import { makePlan, type PlannedRevert, type RollbackPlan, revertOf, showLoss } from '../domain/rollback-plan.ts'
import type { SqlParser } from '../domain/sql-parser.ts'
import { splitStatements } from '../domain/statements.ts'
import type { TargetSession } from './target-database.ts'

interface Pricing {
  readonly session: TargetSession
  readonly parse: SqlParser
}

/**
 * Prices a rollback: which locks its steps take, and what they throw away, in numbers from live counts.
 *
 * @throws LockstepError as `splitStatements` does, for a down file that can't be read
 */
export async function priceRollback(
  { session, parse }: Pricing,
  plan: DownPlan,
  about: Pick<RollbackPlan, 'target' | 'wish' | 'previous'>,
): Promise<RollbackPlan> {
  const read = plan.steps.map((step) => {
    const { migration, wayBack } = step
    const statements = splitStatements({ ...wayBack.down, role: 'down', migration }, parse)
    return { step, locks: locksOf(statements), losses: lossesOf(statements) }
  })
  const counts = await session.countLosses(read.flatMap(({ losses }) => losses))
  let counted = 0
  const steps = read.map(({ step, locks, losses }): PlannedRevert => {
    const priced = losses.map((loss: Loss, index) => ({
      what: showLoss(loss),
      count: counts[counted + index] ?? ({ kind: 'unknown' } as const),
    }))
    counted += losses.length
    return { ...revertOf(step), locks, losses: priced }
  })
  return makePlan(plan, steps, about)
}

import { compileDown } from '../domain/compile-step.ts'
import type { KeptTable } from '../domain/kept-table.ts'
import { locksOf } from '../domain/locks.ts'
import { type Loss, lossesOf } from '../domain/losses.ts'
import type { DownPlan, RevertibleStep } from '../domain/plan-down.ts'
import { compareReceiptKeys, type Kept } from '../domain/receipt.ts'
import { makePlan, type PlannedRevert, type RollbackPlan, revertOf, showLoss } from '../domain/rollback-plan.ts'
import type { SqlParser } from '../domain/sql-parser.ts'
import { splitStatements } from '../domain/statements.ts'
import type { TargetSession } from './target-database.ts'

interface Pricing {
  readonly session: TargetSession
  readonly parse: SqlParser
}

/**
 * Prices a rollback: which locks its steps take, what they throw away in numbers from live counts, and what they put back.
 *
 * @throws LockstepError as `compileText` does, for a down file that can't be read
 */
export async function priceRollback(
  { session, parse }: Pricing,
  plan: DownPlan,
  about: Pick<RollbackPlan, 'target' | 'wish' | 'previous'>,
): Promise<RollbackPlan> {
  const read = plan.steps.map((step) => {
    const { migration, wayBack } = step
    const statements = splitStatements({ ...wayBack.down, role: 'down', migration }, parse)
    const { directives } = compileDown(step, parse)
    return { step, locks: locksOf(statements), losses: lossesOf(statements), directives }
  })
  const counts = await session.countLosses(read.flatMap(({ losses }) => losses))
  const kept = await session.keptTables()
  let counted = 0
  const steps = read.map(({ step, locks, losses, directives }): PlannedRevert => {
    const priced = losses.map((loss: Loss, index) => ({
      what: showLoss(loss),
      count: counts[counted + index] ?? ({ kind: 'unknown' } as const),
    }))
    counted += losses.length
    const restores = directives.preserve === 'none' ? [] : keptFor(step, kept)
    return { ...revertOf(step), locks, losses: priced, restores }
  })
  return makePlan(plan, steps, about)
}

const keptFor = ({ receipt }: RevertibleStep, kept: readonly KeptTable[]): readonly Kept[] =>
  kept
    .filter((table) => compareReceiptKeys(table.receipt, receipt) === 0)
    .map(({ table, columns, rows }) => ({ table, rows, ...(columns && { columns }) }))

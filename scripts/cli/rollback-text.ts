import type { Kept } from '../../functions/domain/receipt.ts'
import type { LossCount, PlannedRevert, PricedLoss, RollbackPlan } from '../../functions/domain/rollback-plan.ts'
import type { Output } from './output.ts'
import { count, formatDuration } from './units.ts'

/** How much of a plan is shown: its price, or its SQL as well. */
export type PlanDetail = 'price' | 'with-sql'

/** Shows a rollback's plan: each migration with what it locks and what it throws away, and the sum of it. */
export function planText(plan: RollbackPlan, output: Output, detail: PlanDetail): readonly string[] {
  const { target, steps, digest } = plan
  return [
    `${output.paint('bold', `rollback of ${target}`)}: ${count(steps.length, 'migration')}, the newest first`,
    '',
    ...steps.flatMap((step) => [...stepText(step, output, detail), '']),
    priceText(steps, output),
    `${output.paint('dim', 'plan')} ${digest}`,
  ]
}

function stepText(step: PlannedRevert, output: Output, detail: PlanDetail): readonly string[] {
  const { migration, appliedAt, comment, locks, losses, restores, certificate, sql, path } = step
  const label = (name: string): string => output.paint('dim', name.padEnd(labelColumns))
  const lines = (name: string, texts: readonly string[]): readonly string[] =>
    texts.map((text, index) => `    ${label(index === 0 ? name : '')}${text}`)
  const ago = formatDuration(Math.max(0, Date.now() - Date.parse(appliedAt)))
  return [
    `  ${output.paint('yellow', '↓')} ${migration} ${output.paint('dim', `applied ${ago} ago`)}`,
    ...lines('says', comment === '' ? [] : comment.split('\n')),
    ...lines('locks', locks),
    ...lines('loses', lossTexts(losses, output)),
    ...lines('restores', restores.map(restoreText)),
    ...lines('proof', certificate === undefined ? [] : [certificate]),
    ...(detail === 'price' ? [] : lines(path.split('/').at(-1) ?? path, sql.trimEnd().split('\n'))),
  ]
}

const labelColumns = 10

/** What is really lost, each in a line; what is empty, or not there, in one for all. */
function lossTexts(losses: readonly PricedLoss[], output: Output): readonly string[] {
  if (losses.length === 0) return ['nothing that its SQL tells']
  const real = losses.filter((loss) => isLoss(loss.count))
  const rest = losses.length - real.length
  const harmless = rest === 0 ? [] : [`nothing by ${count(rest, 'drop')} of what is empty or not there now`]
  return [...real.map((loss) => lossText(loss, output)), ...harmless]
}

const restoreText = ({ table, columns, rows }: Kept): string => {
  const what = columns === undefined ? 'table' : `${columns.join(', ')} of`
  return `${what} ${table}: ${count(rows, 'row')}`
}

const lossText = ({ what, count: found }: PricedLoss, output: Output): string =>
  output.paint('red', `${what}: ${countText(found, what)}`)

const isLoss = (found: LossCount): boolean => found.kind === 'unknown' || ('rows' in found && found.rows > 0)

function countText(found: LossCount, what: string): string {
  if (!('rows' in found)) return 'not counted'
  const isColumn = what.startsWith('drops column')
  const rows = isColumn
    ? count(found.rows, 'value that is not null', 'values that are not null')
    : count(found.rows, 'row')
  return found.kind === 'estimated' ? `about ${rows} (counting took too long)` : rows
}

function priceText(steps: readonly PlannedRevert[], output: Output): string {
  const losses = steps.flatMap((step) => step.losses).filter(({ count: found }) => isLoss(found))
  if (losses.length === 0) return output.paint('green', 'nothing is lost that can be counted')
  const rows = losses.reduce((sum, { count: found }) => sum + ('rows' in found ? found.rows : 0), 0)
  const uncounted = losses.filter(({ count: found }) => found.kind === 'unknown').length
  const parts = [
    ...(rows > 0 ? [count(rows, 'row or value', 'rows and values')] : []),
    ...(uncounted > 0 ? [`${count(uncounted, 'change')} that can't be counted`] : []),
  ]
  return output.paint('red', `this throws away ${parts.join(' and ')}`)
}

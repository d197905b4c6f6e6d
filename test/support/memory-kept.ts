import type { KeptTable } from '../../functions/domain/kept-table.ts'
import type { Loss } from '../../functions/domain/losses.ts'
import type { Instant } from '../../functions/domain/types.ts'
import type { StepOrder } from '../../functions/engine/target-database.ts'
import type { TargetData } from './memory-target.ts'
import { toldOutcome } from './told-outcomes.ts'

/** What a step up keeps, as its texts say. */
export function keptBy(order: StepOrder, at: Instant): readonly KeptTable[] {
  const { body, directives, migration } = order.source
  if (directives.preserve === 'none') return []
  const parts = body.kind === 'transaction' ? [{ ...body, index: 0 }] : body.units
  return parts.flatMap(({ sql, losses = [], index }) =>
    losses.flatMap((loss, place) => {
      const rows = toldOutcome(sql, 0).keeps
      if (loss.kind === 'other' || rows === 0) return []
      const name = `k${order.key.token}_${order.key.n}_${index}_${place + 1}`
      return [
        { name, migration: migration.name, receipt: order.key, at, bytes: 8_192, open: false, ...lost(loss), rows },
      ]
    }),
  )
}

/** What a step down puts back. */
export const restoredBy = ({ kept }: TargetData, { undoes, source }: StepOrder): readonly KeptTable[] =>
  source.directives.preserve === 'none'
    ? []
    : kept.filter(({ receipt }) => receipt.token === undoes?.token && receipt.n === undoes.n)

const lost = (loss: Exclude<Loss, { kind: 'other' }>) => ({
  table: `${loss.schema ?? 'public'}.${loss.table}`,
  ...(loss.kind === 'column' && { columns: [loss.column] }),
})

import { escapeIdentifier } from 'pg'
import type { Loss } from '../domain/losses.ts'
import type { Unit } from '../domain/step-source.ts'
import type { StepOrder, UnitPosition } from '../engine/target-database.ts'
import { keepBlock } from './keep-block.ts'
import { keptCheckBlock } from './kept-check-block.ts'
import { restoreBlock } from './restore-block.ts'
import type { StepContent } from './step-message.ts'

/** What a step's message says besides the migration's SQL, so that nothing is lost by it. */
export type Keeping = Pick<StepContent, 'prepare' | 'conclude'>

/** The part of a step that one transaction runs. */
export interface StepPart {
  /** Absent where the transaction only records. */
  readonly losses?: readonly Loss[]
  readonly unit: number
  readonly position: UnitPosition
}

/**
 * Says what a step keeps before its SQL runs, and puts back after it; nothing for a step that drops nothing, which costs it nothing.
 *
 * An up keeps in each transaction what that one drops. A down puts everything back in the transaction that writes its receipt.
 */
export const keepingOf = (order: StepOrder, part: StepPart): Keeping => {
  if (order.source.directives.preserve === 'none') return {}
  if (order.direction === 'up') return keepingUp(order, part)
  const { undoes } = order
  if (undoes === undefined || part.position !== 'last') return {}
  return { conclude: [restoreBlock({ migration: order.source.migration.name, ...undoes })] }
}

/** The whole of a step that is one transaction. */
export const wholeStep = ({ source }: StepOrder): StepPart => ({
  unit: 0,
  position: 'last',
  ...(source.body.kind === 'transaction' && source.body.losses && { losses: source.body.losses }),
})

/** A unit of a step; of one that runs alone, only the record is a transaction. */
export const unitPart = ({ index, kind, losses }: Unit, position: UnitPosition): StepPart => ({
  unit: index,
  position,
  ...(kind === 'transaction' && losses && { losses }),
})

const keepingUp = (order: StepOrder, part: StepPart): Keeping => {
  const losses = dropsIn(part.losses)
  const isLast = part.position === 'last'
  if (losses.length === 0 && !(isLast && keepsEarlier(order))) return {}
  const { token, n } = order.key
  const prefix = `k${token}_${n}_${part.unit}_`
  const names = { migration: order.source.migration.name, token, n, prefix }
  const check = { conclude: [keptCheckBlock({ ...names, last: isLast })] }
  if (losses.length === 0) return check
  const { keepBytes: maxBytes, keepRows: maxRows } = order.settings.policy
  return {
    prepare: [keepBlock({ ...names, target: order.lease.target, open: !isLast, maxBytes, maxRows, losses })],
    ...check,
  }
}

const keepsEarlier = ({ source: { body } }: StepOrder): boolean =>
  body.kind === 'units' && body.units.some((unit) => dropsIn(unitPart(unit, 'not-last').losses).length > 0)

const dropsIn = (losses: readonly Loss[] = []): Parameters<typeof keepBlock>[0]['losses'] =>
  losses.flatMap((loss) => {
    if (loss.kind === 'other') return []
    const name = [...(loss.schema === undefined ? [] : [loss.schema]), loss.table].map(escapeIdentifier).join('.')
    return [{ name, ...(loss.kind === 'column' && { column: loss.column }) }]
  })

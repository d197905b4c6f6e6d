import type { Receipt } from '../../functions/domain/receipt.ts'
import type { StepSource } from '../../functions/domain/step-source.ts'
import type { RealTarget } from './real-target.ts'
import { orderOf, sourceOf } from './step-orders.ts'

/** Runs a source whole, whether it is one transaction or units, and returns its receipt. */
export const runSource = async (
  target: RealTarget,
  source: StepSource,
  changes: Parameters<typeof orderOf>[2] = {},
): Promise<Receipt> => {
  const order = await orderOf(target, source, changes)
  const { session } = target
  if (source.body.kind === 'transaction') return await session.commitStep(order)
  for (const unit of source.body.units) {
    const position = unit.index === source.body.units.length - 1 ? 'last' : 'not-last'
    if (unit.kind === 'alone') {
      await session.openUnit(order, unit)
      await session.runUnit(order, unit)
    }
    const end = unit.kind === 'alone' ? session.closeUnit : session.commitUnit
    const receipt = await end(order, unit, position)
    if (receipt !== undefined) return receipt
  }
  throw new Error('no unit wrote the receipt')
}

/** Runs a text as the up of migration `m`. */
export const up = (target: RealTarget, text: string, name = 'm'): Promise<Receipt> =>
  runSource(target, sourceOf(text, name))

/** Runs a text as the down of a migration, which takes back its receipt. */
export const down = (target: RealTarget, text: string, { key, migration }: Receipt): Promise<Receipt> =>
  runSource(target, sourceOf(text, migration), { direction: 'down', undoes: key })

/** The tables that hold what was kept. */
export const keptTables = async ({ ask }: RealTarget): Promise<readonly string[]> => {
  const rows = await ask<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'lockstep_kept' order by 1`,
  )
  return rows.map(({ name }) => name)
}

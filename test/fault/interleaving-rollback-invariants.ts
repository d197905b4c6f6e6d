import { compareReceiptKeys, type Receipt } from '../../functions/domain/receipt.ts'
import type { RollbackPlan } from '../../functions/domain/rollback-plan.ts'
import type { RunId } from '../../functions/domain/types.ts'
import { appliedBy, must, show } from './interleaving-must.ts'
import { dataOf, recordsOf, type World } from './interleaving-world.ts'

/** What must hold of every way back, and of every way up after one. */
export interface RollbackInvariants {
  /** Notes who holds the lease, and what was released. */
  look(): void
  /** Looks at a receipt of direction `down`. */
  lookAtDown(receipt: Receipt, before: readonly Receipt[]): void
  /** Whether somebody let a migration go that this receipt took back. */
  isReleased(down: Receipt): boolean
}

export function makeRollbackInvariants(world: World, confirmed: ReadonlyMap<RunId, RollbackPlan>): RollbackInvariants {
  const heldSince = new Map<RunId, number>()
  const released = new Set<string>()

  /** Rows that were there when its run began must have been in the plan that was seen. */
  const lookAtPrice = (receipt: Receipt, { losses }: RollbackPlan['steps'][number]): void => {
    const began = heldSince.get(receipt.run) ?? 0
    for (const { what, count } of losses) {
      const filledAt = world.filledAt.get(what)
      const wasFree = count.kind === 'absent' || (count.kind === 'counted' && count.rows === 0)
      const isDear = (dataOf(world).rows.get(what) ?? 0) > 0 && filledAt !== undefined && filledAt < began
      must(!(wasFree && isDear), `${show(receipt)} ${what} with its rows, which the confirmed plan did not show`)
    }
  }

  return {
    look() {
      const { lock, ledger } = recordsOf(world)
      const { ownerRun } = lock ?? {}
      if (lock?.lockState === 'HELD' && ownerRun !== undefined && !heldSince.has(ownerRun))
        heldSince.set(ownerRun, world.events.nowMs())
      for (const { state, releasedAt, receipt } of ledger.values())
        if (state === 'REVERTED' && releasedAt !== undefined) released.add(`${receipt.token}.${receipt.n}`)
    },
    lookAtDown(receipt, before) {
      const { migration, run } = receipt
      const plan = confirmed.get(run)
      must(plan !== undefined, `${show(receipt)} takes back what nobody asked for`)
      const newest = appliedBy(before).at(-1)
      must(newest?.migration === migration, `${show(receipt)} takes back what is not the newest, ${show(newest)}`)
      const step = plan.steps.find(({ receipt: key }) => compareReceiptKeys(key, newest.key) === 0)
      must(step !== undefined, `${show(receipt)} takes ${show(newest)} back, which is not in its plan`)
      const other = before.find(({ key, run: by }) => by !== run && compareReceiptKeys(key, plan.head) > 0)
      must(other === undefined, `${show(receipt)} follows ${show(other)} of another run, which its plan does not know`)
      lookAtPrice(receipt, step)
    },
    isReleased: ({ key }) => released.has(`${key.token}.${key.n}`),
  }
}

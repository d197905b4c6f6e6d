import { describe, expect, it } from 'vitest'
import { emptyChain } from '../../functions/domain/audit-chain.ts'
import { endOf, eventOf, leaseFor, newTarget, observe, receiptOf, startRun } from '../support/control-records.ts'
import { memoryControl } from '../support/memory-control.ts'
import { virtualClock } from '../support/virtual-clock.ts'

describe('the control store in memory', () => {
  it('given a snapshot, when more happens and it is restored twice, then each time all is as it was', async () => {
    const store = memoryControl(virtualClock())
    const run = await startRun(store, newTarget())
    const lease = await leaseFor(store, run)
    const before = await observe(store, run.target)
    const snapshot = store.snapshot()
    for (let round = 0; round < 2; round++) {
      const receipts = [receiptOf(run.id, 1)]
      const seen = await store.readChain(run.target)
      await store.project({ target: run.target, seen, receipts, events: receipts.map(eventOf) })
      expect(await store.release(lease, endOf(), [])).toBe('done')
      expect(await observe(store, run.target)).not.toEqual(before)
      store.restore(snapshot)
      expect(await observe(store, run.target)).toEqual(before)
    }
  })

  it('given a snapshot of nothing, when it is restored, then no target is known', async () => {
    const store = memoryControl(virtualClock())
    const nothing = store.snapshot()
    const run = await startRun(store, newTarget())
    store.restore(nothing)
    expect(await observe(store, run.target)).toMatchObject({ chain: emptyChain, runs: [] })
  })
})

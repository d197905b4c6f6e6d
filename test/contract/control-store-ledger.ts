import { describe, expect, it } from 'vitest'
import { emptyChain, verifyChain } from '../../functions/domain/audit-chain.ts'
import type { Receipt } from '../../functions/domain/receipt.ts'
import type { ChainHead } from '../../functions/domain/records.ts'
import { type RunId, runId, type TargetName } from '../../functions/domain/types.ts'
import { type ControlStore, maxReceipts } from '../../functions/engine/control-store.ts'
import {
  draftOf,
  eventOf,
  leaseFor,
  newTarget,
  nothingYet,
  observe,
  receiptOf,
  startRun,
} from '../support/control-records.ts'
import { refusalOf } from '../support/refusal.ts'
import type { ControlFixture } from './control-store.ts'

/** Projection into the ledger and the audit stream. */
export function ledgerTests(use: () => ControlFixture): void {
  describe('projection', () => {
    it('given an unknown target, when it is read, then everything is empty', async () => {
      const empty = { lock: undefined, chain: emptyChain, runs: [], ledger: [], events: [] }
      expect(await observe(use().store, newTarget())).toEqual(empty)
    })

    it('given receipts, when they are projected, then ledger, events and chain have them', async () => {
      const { store } = use()
      const target = newTarget()
      const receipts = [receiptOf(run, 1), receiptOf(run, 2, { outOfOrder: true })]
      const head = await headAfter(store, target, receipts)
      expect(head).toMatchObject({ seq: 2, projected: { token: 1, n: 2 } })
      const { chain, ledger, events } = await observe(store, target)
      expect(chain).toEqual(head)
      expect(ledger).toMatchObject(
        receipts.map(({ migration, checksum, key }) => ({ migration, checksum, receipt: key, state: 'APPLIED', run })),
      )
      expect(ledger[1]).toMatchObject({ outOfOrder: true, durationMs: 12.5 })
      expect(events).toMatchObject([
        { seq: 1, data: { n: 1 } },
        { seq: 2, data: { n: 2 } },
      ])
      expect(verifyChain(events, chain)).toMatchObject({ intact: true })
    })

    it('given a projection that was written, when it is repeated, then the answer is the same and nothing is written', async () => {
      const { store } = use()
      const target = newTarget()
      const head = await headAfter(store, target, [receiptOf(run, 1)])
      const before = await observe(store, target)
      expect(await projectAll(store, target, [receiptOf(run, 1)])).toEqual(head)
      expect(await observe(store, target)).toEqual(before)
    })

    it('given a chain that moved, when a projection comes with what it saw before, then nothing is written', async () => {
      const { store } = use()
      const target = newTarget()
      await projectAll(store, target, [receiptOf(run, 1)])
      const before = await observe(store, target)
      expect(await projectAll(store, target, [receiptOf(run, 1), receiptOf(run, 2)])).toBe('moved')
      expect(await observe(store, target)).toEqual(before)
    })

    it('given a chain that moved, when receipts without events come with what was seen before, then nothing is written', async () => {
      const { store } = use()
      const target = newTarget()
      await headAfter(store, target, [receiptOf(run, 1)])
      const before = await observe(store, target)
      const late = { target, seen: emptyChain, receipts: [receiptOf(run, 2)], events: [] }
      expect(await store.project(late)).toBe('moved')
      expect(await observe(store, target)).toEqual(before)
    })

    it('given receipts that were copied without events, when others copy from before them, then nothing is written', async () => {
      const { store } = use()
      const target = newTarget()
      const seen = await headAfter(store, target, [receiptOf(run, 1)])
      await store.project({ target, seen, receipts: [receiptOf(run, 2)], events: [] })
      expect(await store.project({ target, seen, receipts: [receiptOf(run, 3)], events: [] })).toBe('moved')
    })

    it('given a chain that others moved past a projection, when it is repeated, then it has moved', async () => {
      const { store } = use()
      const target = newTarget()
      const head = await headAfter(store, target, [receiptOf(run, 1)])
      await projectAll(store, target, [receiptOf(run, 2)], head)
      expect(await projectAll(store, target, [receiptOf(run, 1)])).toBe('moved')
    })

    it('given an event without receipts, when it is projected as seen, then it is appended and nothing else changes', async () => {
      const { store } = use()
      const target = newTarget()
      const head = await headAfter(store, target, [receiptOf(run, 1)])
      const event = draftOf(run, { type: 'run.attached', data: { token: 2, from: null } })
      const next = await store.project({ target, seen: head, receipts: [], events: [event] })
      expect(next).toMatchObject({ seq: 2, projected: { n: 1 } })
      expect(await store.readAudit(target, 1, 10)).toMatchObject([
        { type: 'run.attached', data: { token: 2, from: null } },
      ])
    })

    it('given as many receipts as fit, when they are projected, then all are', async () => {
      const { store } = use()
      const target = newTarget()
      const receipts = manyReceipts(maxReceipts)
      expect(await projectAll(store, target, receipts)).toMatchObject({
        seq: maxReceipts,
        projected: { n: maxReceipts },
      })
      expect(await store.readLedger(target)).toHaveLength(maxReceipts)
    })

    it('given one receipt more than fit, when they are projected, then that is a bug', async () => {
      const error = await refusalOf(() => projectAll(use().store, newTarget(), manyReceipts(maxReceipts + 1)))
      expect(error.code).toBe('INTERNAL')
    })

    it('given a migration that failed and then succeeded, when both are projected, then the ledger has the last and the audit both', async () => {
      const { store } = use()
      const target = newTarget()
      const { migration } = receiptOf(run, 1)
      const failure = { code: 'MIGRATION_FAILED', message: 'no', hint: 'yes' } as const
      await projectAll(store, target, [
        receiptOf(run, 1, { outcome: 'failed', failure }),
        receiptOf(run, 2, { migration }),
      ])
      const { ledger, events } = await observe(store, target)
      expect(ledger).toMatchObject([{ migration, state: 'APPLIED', receipt: { n: 2 } }])
      expect(ledger[0]).not.toHaveProperty('failure')
      expect(events).toHaveLength(2)
    })

    it.each([
      ['an up that failed', { outcome: 'failed' }, 'FAILED'],
      ['a down', { direction: 'down' }, 'REVERTED'],
      ['a down that failed', { direction: 'down', outcome: 'failed' }, 'APPLIED'],
    ] as const)(
      'given %s, when it is projected over an applied migration, then the ledger says what is there',
      async (_, changes, state) => {
        const { store } = use()
        const target = newTarget()
        const head = await headAfter(store, target, [receiptOf(run, 1)])
        const { migration } = receiptOf(run, 1)
        await projectAll(store, target, [receiptOf(run, 2, { migration, ...changes })], head)
        expect(await store.readLedger(target)).toMatchObject([{ migration, state, receipt: { n: 2 } }])
      },
    )

    it('given eight projectors of the same receipts, when they copy at once, then the chain has each once and no gap', async () => {
      const { store } = use()
      const target = newTarget()
      const receipts = manyReceipts(30)
      await Promise.all(Array.from({ length: 8 }, () => catchUp(store, target, receipts)))
      const { chain, ledger, events } = await observe(store, target)
      expect(events.map(({ data }) => data.n)).toEqual(receipts.map(({ key }) => key.n))
      expect(verifyChain(events, chain)).toMatchObject({ intact: true })
      expect(ledger).toHaveLength(30)
    })

    it('given projectors at work, when leases come and go, then both are in one chain without gaps', async () => {
      const { store } = use()
      const target = newTarget()
      const leases = async (): Promise<void> => {
        const started = await startRun(store, target)
        for (let turn = 0; turn < 5; turn++) {
          const lease = await leaseFor(store, started)
          expect(await store.yieldLease(lease, nothingYet, [draftOf(started.id, { type: 'run.parked' })])).toBe('done')
        }
      }
      await Promise.all([leases(), ...Array.from({ length: 3 }, () => catchUp(store, target, manyReceipts(20)))])
      const { chain, events } = await observe(store, target)
      expect(events).toHaveLength(30)
      expect(verifyChain(events, chain)).toMatchObject({ intact: true })
    })
  })
}

const run: RunId = runId('r-1')

const manyReceipts = (count: number): readonly Receipt[] =>
  Array.from({ length: count }, (_, index) => receiptOf(run, index + 1))

const projectAll = (store: ControlStore, target: TargetName, receipts: readonly Receipt[], seen = emptyChain) =>
  store.project({ target, seen, receipts, events: receipts.map(eventOf) })

/** Projects receipts onto an empty chain that nobody else moves. */
async function headAfter(store: ControlStore, target: TargetName, receipts: readonly Receipt[]): Promise<ChainHead> {
  const head = await projectAll(store, target, receipts)
  if (head === 'moved') throw new Error('the chain moved')
  return head
}

/** Copies what the chain lacks, three receipts at a time, as a projector does. */
async function catchUp(store: ControlStore, target: TargetName, receipts: readonly Receipt[]): Promise<void> {
  for (;;) {
    const head = await store.readChain(target)
    const next = receipts.filter(({ key }) => key.n > (head.projected?.n ?? 0)).slice(0, 3)
    if (next.length === 0) return
    await projectAll(store, target, next, head)
  }
}

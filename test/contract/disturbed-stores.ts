import { expect } from 'vitest'
import { emptyChain, verifyChain } from '../../functions/domain/audit-chain.ts'
import { runId, type TargetName } from '../../functions/domain/types.ts'
import type { ControlStore } from '../../functions/engine/control-store.ts'
import { type Disturbed, disturb } from '../support/client-faults.ts'
import { eventOf, observe, receiptOf } from '../support/control-records.ts'
import type { TestTables } from '../support/dynamodb.ts'
import { fixtureOn } from '../support/dynamodb-fixture.ts'
import { memoryControl } from '../support/memory-control.ts'
import { virtualClock } from '../support/virtual-clock.ts'
import { type WriteName, writesOf } from './control-store-writes.ts'

/** Two stores on the same tables: the writes of one meet faults, those of the other do not. */
export interface DisturbedStores {
  readonly store: ControlStore
  readonly calm: ControlStore
  readonly net: Disturbed
}

export function disturbedStores(tables: TestTables): DisturbedStores {
  const { store, client } = fixtureOn(tables)
  return { store, net: disturb(client), calm: fixtureOn(tables).store }
}

/** What an undisturbed store answers, and what is there afterwards. */
export async function undisturbed(name: WriteName, target: TargetName) {
  const store = memoryControl(virtualClock())
  const write = writesOf(target)[name]
  await write.given(store)
  const answer = await write.act(store)
  return { answer, after: await observe(store, target) }
}

/** What another projector does: one more event on the chain. */
export async function appendTo(store: ControlStore, target: TargetName): Promise<void> {
  const seen = await store.readChain(target)
  const event = { ...eventOf(receiptOf(runId('r-other'), 1)), type: 'run.attached' } as const
  const answer = await store.project({ target, seen, receipts: [], events: [event] })
  if (answer === 'moved') throw new Error('the chain moved under the only projector')
}

/** Holds the chain to be whole, and not empty. */
export async function expectIntact(store: ControlStore, target: TargetName): Promise<void> {
  const { chain, events } = await observe(store, target)
  expect(chain).not.toEqual(emptyChain)
  expect(verifyChain(events, chain)).toMatchObject({ intact: true, last: { seq: chain.seq } })
}

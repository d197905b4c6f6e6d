import { TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entryItem, eventItem } from '../../functions/adapters/dynamodb-items.ts'
import { chainEvents, emptyChain } from '../../functions/domain/audit-chain.ts'
import { ledgerEntry } from '../../functions/domain/ledger.ts'
import { migrationName, runId } from '../../functions/domain/types.ts'
import { maxReceipts } from '../../functions/engine/control-store.ts'
import {
  at,
  draftOf,
  endOf,
  eventOf,
  leaseFor,
  newTarget,
  receiptOf,
  startRun,
  targetName,
} from '../support/control-records.ts'
import { makeTables, type TestTables } from '../support/dynamodb.ts'
import { fixtureOn } from '../support/dynamodb-fixture.ts'

let tables: TestTables
beforeAll(async () => {
  tables = await makeTables()
})
afterAll(() => tables[Symbol.asyncDispose]())

const run = runId('r-1')

describe('pages', () => {
  const large = 'x'.repeat(150_000)
  const names = Array.from({ length: 400 }, () => 'n'.repeat(390))

  it('given a ledger past one megabyte, when it is read, then all pages are', async () => {
    const { store, client } = fixtureOn(tables)
    const target = newTarget()
    const failure = { code: 'MIGRATION_FAILED', message: 'no', hint: 'none', names } as const
    const receipts = Array.from({ length: 10 }, (_, n) => receiptOf(run, n + 1, { outcome: 'failed', failure }))
    await store.project({ target, seen: emptyChain, receipts, events: [] })
    const pages = countRequests(client, 'QueryCommand')
    expect((await store.readLedger(target)).map(({ receipt }) => receipt.n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(pages.count).toBeGreaterThan(1)
  })

  it('given events past one megabyte, when some are read, then exactly those are, over as many pages as it takes', async () => {
    const { store, client } = fixtureOn(tables)
    const target = newTarget()
    const events = Array.from({ length: 10 }, () => draftOf(run, { data: { large } }))
    await store.project({ target, seen: emptyChain, receipts: [], events })
    const pages = countRequests(client, 'QueryCommand')
    expect((await store.readAudit(target, 1, 8)).map(({ seq }) => seq)).toEqual([2, 3, 4, 5, 6, 7, 8, 9])
    expect(pages.count).toBeGreaterThan(1)
  })
})

describe('cost', () => {
  it('given as many receipts as fit, when they are projected, then a migration costs at most 5 write units', async () => {
    const { store, client } = fixtureOn(tables)
    const spent = countUnits(client)
    const id = runId(`r-${'0'.repeat(24)}`)
    const receipts = Array.from({ length: maxReceipts }, (_, n) => receiptOf(id, n + 1, { migration: longName(n) }))
    await store.project({ target: longTarget(), seen: emptyChain, receipts, events: receipts.map(eventOf) })
    expect(spent.units / maxReceipts).toBeLessThanOrEqual(5)
    expect(spent.units).toBeGreaterThan(0)
  })

  it('given the longest names, when a receipt is projected, then neither of its items reaches a kilobyte, where the next unit begins', () => {
    const receipt = receiptOf(runId(`r-${'0'.repeat(24)}`), 1, { migration: longName(1), outOfOrder: true })
    const actor = `AWS:AROAEXAMPLEEXAMPLEXXX:${'s'.repeat(64)} from 2001:0db8:85a3:0000:0000:8a2e:0370:7334`
    const [event] = chainEvents(longTarget(), emptyChain, [{ ...eventOf(receipt), actor }])
    if (event === undefined) throw new Error('no event')
    for (const item of [entryItem(longTarget(), ledgerEntry(receipt)), eventItem(event)]) {
      expect(JSON.stringify(item).length).toBeLessThan(1024)
    }
  })

  it('given a run with nothing to do, when it takes and releases its lease, then it costs at most 30 write units', async () => {
    const { store, client } = fixtureOn(tables)
    const started = await startRun(store, newTarget())
    const spent = countUnits(client)
    const lease = await leaseFor(store, started)
    await store.release(lease, endOf(), [draftOf(run, { type: 'run.finished' })])
    expect(spent.units).toBeLessThanOrEqual(30)
  })
})

describe('what is too large for an item', () => {
  const many = Array.from({ length: 5_000 }, (_, n) => n)
  const huge = 'ü'.repeat(100_000)
  const failure = {
    code: 'MIGRATION_EDITED',
    message: huge,
    hint: 'restore the files',
    detail: huge,
    serverHint: huge,
    place: { file: 'a.sql', line: 1, column: 1, excerpt: huge },
    names: many.map((n) => `${n}`.padEnd(200, 'x')),
  } as const

  it('given an end larger than any item, when the run is released, then it is over and tells what was left out', async () => {
    const { store } = fixtureOn(tables)
    const lease = await leaseFor(store, await startRun(store, newTarget()))
    const notices = many.map((n) => ({ code: 'OUT_OF_ORDER', message: `${n} ${huge}` }))
    expect(await store.release(lease, endOf({ state: 'FAILED', failure, notices }), [])).toBe('done')
    const ended = await store.readRun(lease.target, lease.run)
    expect(ended?.notices).toHaveLength(100)
    expect(ended?.notices.at(-1)).toEqual({ code: 'NOTICES_LEFT_OUT', message: '4901 more notices' })
    expect(ended?.failure?.names).toHaveLength(500)
    expect(ended?.failure?.names?.at(-1)).toBe('… and 4501 more')
    expect(ended?.failure?.message).toBe(`${'ü'.repeat(3_999)}…`)
  })

  it('given a fault and a receipt with a failure larger than any item, when they are written, then they are', async () => {
    const { store } = fixtureOn(tables)
    const { target, id } = await startRun(store, newTarget())
    expect(await store.countFault(target, id, { at: at(1), failure })).toMatchObject({ faults: 1 })
    const receipts = [receiptOf(id, 1, { outcome: 'failed', failure })]
    await store.project({ target, seen: emptyChain, receipts, events: receipts.map(eventOf) })
    expect(await store.readLedger(target)).toMatchObject([{ failure: { code: 'MIGRATION_EDITED' } }])
  })
})

/** As long as names get: a target of 63 characters, a migration as Prisma would name it. */
const longTarget = () => targetName(newTarget().padEnd(63, 'x'))
const longName = (n: number) =>
  migrationName(`20251117${String(n).padStart(6, '0')}_add_refresh_tokens_ip_whitelist_password_policy`)

type Client = ReturnType<typeof fixtureOn>['client']

function countRequests(client: Client, name: string): { count: number } {
  const seen = { count: 0 }
  client.middlewareStack.add(
    (next, context) => (args) => {
      if (context.commandName === name) seen.count++
      return next(args)
    },
    { step: 'initialize' },
  )
  return seen
}

/** Adds up what the server says that transactions cost. */
function countUnits(client: Client): { units: number } {
  const spent = { units: 0 }
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (context.commandName !== TransactWriteItemsCommand.name) return next(args)
      const answer = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } })
      const tables = 'ConsumedCapacity' in answer.output ? answer.output.ConsumedCapacity : undefined
      for (const table of Array.isArray(tables) ? tables : []) spent.units += table.CapacityUnits ?? 0
      return answer
    },
    { step: 'initialize' },
  )
  return spent
}

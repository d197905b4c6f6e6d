import {
  DynamoDBServiceException,
  PutItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dynamodbControlStore } from '../../functions/adapters/dynamodb-control.ts'
import { natureOf } from '../../functions/adapters/dynamodb-errors.ts'
import {
  entryItem,
  eventItem,
  eventKey,
  lockKey,
  runKey,
  settingsKey,
} from '../../functions/adapters/dynamodb-items.ts'
import { systemRandom } from '../../functions/adapters/system.ts'
import { chainEvents, emptyChain } from '../../functions/domain/audit-chain.ts'
import { ledgerEntry } from '../../functions/domain/ledger.ts'
import { migrationName, runId } from '../../functions/domain/types.ts'
import { settingsKeys } from '../../functions/edge/resources.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'
import { maxReceipts } from '../../functions/engine/control-store.ts'
import {
  at,
  claimOf,
  draftOf,
  endOf,
  eventOf,
  leaseFor,
  newTarget,
  observe,
  receiptOf,
  startRun,
  targetName,
} from '../support/control-records.ts'
import { makeTables, type TestTables } from '../support/dynamodb.ts'
import { fixtureOn } from '../support/dynamodb-fixture.ts'
import { refusalOf } from '../support/refusal.ts'

let tables: TestTables
beforeAll(async () => {
  tables = await makeTables()
})
afterAll(() => tables[Symbol.asyncDispose]())

const run = runId('r-1')
const put = (table: 'controlTable' | 'auditTable', content: Record<string, unknown>) =>
  tables.client.send(new PutItemCommand({ TableName: tables[table], Item: marshall(content) }))

describe('pages', () => {
  const large = 'x'.repeat(150_000)

  it('given a ledger past one megabyte, when it is read, then all pages are', async () => {
    const { store, client } = fixtureOn(tables)
    const target = newTarget()
    const failure = { code: 'MIGRATION_FAILED', message: large, hint: 'none' } as const
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

describe('what is not an answer', () => {
  it('given no such table, when it is read or written, then AWS is unreachable and the table is named', async () => {
    const { clock } = fixtureOn(tables)
    const ports = { client: tables.client, clock, random: systemRandom, parseSettings: parseTargetSettings }
    const store = dynamodbControlStore({ ...ports, controlTable: 'no-such-table', auditTable: tables.auditTable })
    const target = newTarget()
    for (const act of [() => store.readLock(target), () => startRun(store, target)]) {
      const error = await refusalOf(act)
      expect(error).toMatchObject({
        code: 'AWS_UNREACHABLE',
        message: expect.stringContaining('there is no table no-such-table'),
      })
    }
  })

  it.each([
    ['AccessDeniedException', 400, 'AWS_DENIED', 1],
    ['UnrecognizedClientException', 400, 'AWS_UNREACHABLE', 1],
    ['ValidationException', 400, 'INTERNAL', 1],
    ['InternalServerError', 500, 'AWS_UNREACHABLE', 4],
  ])(
    'given a server that says %s, when it is asked, then the error says what it is and it was asked as often as it helps',
    async (name, status, code, asked) => {
      const { store, client } = fixtureOn(tables)
      const metadata = { $fault: 'client', $metadata: { httpStatusCode: status } } as const
      const requests = failRequests(client, () => new DynamoDBServiceException({ name, message: 'no', ...metadata }))
      expect(await refusalOf(() => store.readLock(newTarget()))).toMatchObject({ code, cause: { name } })
      expect(requests.count).toBe(asked)
    },
  )

  it('given a refused condition and a conflict in one answer, when it is judged, then it is a conflict', () => {
    const reasons = [{ Code: 'ConditionalCheckFailed' }, { Code: 'TransactionConflict' }, { Code: 'None' }]
    const answer = { message: '', $metadata: {}, CancellationReasons: reasons }
    expect(natureOf(new TransactionCanceledException(answer))).toBe('conflict')
  })
})

describe('evidence', () => {
  it('given an event beyond the head of the chain, when anything appends, then the audit trail is broken and nothing is written', async () => {
    const { store } = fixtureOn(tables)
    const started = await startRun(store, newTarget())
    const { target } = started
    await put('auditTable', { ...eventKey(target, 1), type: 'forged' })
    const receipts = [receiptOf(run, 1)]
    const project = () => store.project({ target, seen: emptyChain, receipts, events: receipts.map(eventOf) })
    for (const act of [() => store.acquire(claimOf(started)), project]) {
      expect((await refusalOf(act)).code).toBe('AUDIT_BROKEN')
    }
    const { lock, ledger, chain } = await observe({ ...store, readAudit: async () => [] }, target)
    expect({ lock, ledger, chain }).toEqual({ lock: undefined, ledger: [], chain: emptyChain })
  })

  it('given an event that somebody made unreadable, when the chain is read, then the event is named', async () => {
    const { store } = fixtureOn(tables)
    const target = newTarget()
    await put('auditTable', { ...eventKey(target, 1), type: 'run.started', at: 'yesterday' })
    const error = await refusalOf(() => store.readAudit(target, 0, 1))
    expect(error.code).toBe('AUDIT_BROKEN')
    expect(error.message).toBe(
      `audit event T#${target} A#000000000001: attribute at is "yesterday", expected an instant`,
    )
  })

  it('given a LOCK item with a token that is no number, when it is read, then the attribute is named', async () => {
    const { store } = fixtureOn(tables)
    const target = newTarget()
    await put('controlTable', { ...lockKey(target), lockState: 'FREE', token: '7' })
    const error = await refusalOf(() => store.readLock(target))
    expect(error).toMatchObject({ code: 'INTERNAL', message: 'LOCK item: attribute token is "7", expected a token' })
  })

  it('given a failure whose code a newer version wrote, when the run is read, then the rest of it is still told', async () => {
    const { store } = fixtureOn(tables)
    const { target, id } = await startRun(store, newTarget())
    await store.countFault(target, id, { at: at(1), failure: { code: 'INTERNAL', message: 'm', hint: 'h' } })
    const known = await store.readRun(target, id)
    await put('controlTable', { ...runKey(target, id), ...known, failure: { code: 'NEWER', message: 'm', hint: 'h' } })
    expect(await store.readRun(target, id)).toMatchObject({ failure: { code: 'INTERNAL', message: 'm', hint: 'h' } })
  })
})

describe('settings', () => {
  it('given the key that the stack writes settings under, when the store looks for them, then it is the same', () => {
    const target = newTarget()
    expect(settingsKey(target)).toEqual({ pk: settingsKeys.prefix + target, sk: settingsKeys.sortKey })
  })

  it('given an item with a field that no setting has, when it is read, then the settings are refused with its name', async () => {
    const { store } = fixtureOn(tables)
    const target = newTarget()
    await put('controlTable', { ...settingsKey(target), applicationRole: 'app', polcy: {} })
    const error = await refusalOf(() => store.readSettings(target))
    expect(error).toMatchObject({ code: 'SETTINGS_INVALID', message: expect.stringContaining('polcy') })
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

function failRequests(client: Client, makeError: () => Error): { count: number } {
  const seen = { count: 0 }
  client.middlewareStack.add(
    (_, context) => async () => {
      if (context.commandName === 'GetItemCommand') seen.count++
      throw makeError()
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

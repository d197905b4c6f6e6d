import { DynamoDBServiceException, PutItemCommand, TransactionCanceledException } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dynamodbControlStore } from '../../functions/adapters/dynamodb-control.ts'
import { natureOf } from '../../functions/adapters/dynamodb-errors.ts'
import { eventKey, lockKey, runKey, settingsKey } from '../../functions/adapters/dynamodb-items.ts'
import { systemRandom } from '../../functions/adapters/system.ts'
import { emptyChain } from '../../functions/domain/audit-chain.ts'
import { runId } from '../../functions/domain/types.ts'
import { settingsKeys } from '../../functions/edge/resources.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'
import { at, claimOf, eventOf, newTarget, observe, receiptOf, startRun } from '../support/control-records.ts'
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

type Client = ReturnType<typeof fixtureOn>['client']

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

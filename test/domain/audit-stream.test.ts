import { describe, expect, it } from 'vitest'
import { eventItem, parseAuditChange } from '../../functions/adapters/dynamodb-items.ts'
import { chainEvents, emptyChain } from '../../functions/domain/audit-chain.ts'
import { runId, token } from '../../functions/domain/types.ts'
import { draftOf, targetName } from '../support/control-records.ts'
import { refusalOf } from '../support/refusal.ts'

const target = targetName('shop')
const [event] = chainEvents(target, emptyChain, [draftOf(runId('r-1'), { token: token(3), data: { n: 1 } })])
if (event === undefined) throw new Error('no event')
const item = eventItem(event)

describe('a change of the audit table', () => {
  it('given an added event, when its record is parsed, then it is the event', () => {
    expect(parseAuditChange({ change: 'INSERT', before: null, after: item })).toEqual({ kind: 'added', event })
  })

  it('given an overwritten event, when its record is parsed, then both images are the evidence', () => {
    const after = { ...item, actor: 'nobody' }
    const tampering = { target, seq: 1, change: 'MODIFY', before: item, after }
    expect(parseAuditChange({ change: 'MODIFY', before: item, after })).toEqual({ kind: 'tampered', tampering })
  })

  it('given a removed event, when its record is parsed, then what was there is the evidence', () => {
    const tampering = { target, seq: 1, change: 'REMOVE', before: item, after: null }
    expect(parseAuditChange({ change: 'REMOVE', before: item, after: null })).toEqual({ kind: 'tampered', tampering })
  })

  it.each([
    ['without a hash', { ...item, hash: undefined }, 1],
    ['at a place that is no place', { ...item, sk: 'A#1' }, 0],
    ['with data that JSON has not', { ...item, data: { set: new Set(['a']) } }, 1],
  ])('given an added item %s, when its record is parsed, then it is taken for tampering', (_, after, seq) => {
    const tampering = { target, seq, change: 'MODIFY', before: null, after }
    expect(parseAuditChange({ change: 'INSERT', before: null, after })).toEqual({ kind: 'tampered', tampering })
  })

  it('given an event with a wrong hash, when its record is parsed, then it is an event all the same: the chain judges it', () => {
    const after = { ...item, actor: 'nobody' }
    expect(parseAuditChange({ change: 'INSERT', before: null, after })).toMatchObject({ kind: 'added' })
  })

  it("given an item in no target's partition, when its record is parsed, then that is an error", async () => {
    const parse = () => parseAuditChange({ change: 'INSERT', before: null, after: { pk: 'T#Shop!', sk: 'A#1' } })
    expect((await refusalOf(parse)).code).toBe('INTERNAL')
  })
})

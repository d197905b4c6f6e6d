import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AuditDraft, AuditEvent, Json } from '../../functions/domain/audit.ts'
import { chainEvents, emptyChain, verifyChain } from '../../functions/domain/audit-chain.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import { instant, isTargetName, runId, type TargetName, token } from '../../functions/domain/types.ts'

describe('chaining events', () => {
  it('given an empty chain, when two events are chained, then their seqs count from 1 and each names the hash before it', () => {
    const [first, second] = chainOf(2)
    expect([first?.seq, first?.prevHash]).toEqual([1, '0'.repeat(64)])
    expect([second?.seq, second?.prevHash]).toEqual([2, first?.hash])
  })

  it('given an event, when it is chained, then its hash is the documented one', () => {
    const [event] = chainEvents(target, emptyChain, [{ ...draft(1), token: token(7), data: { b: 1, a: undefined } }])
    const content =
      `{"actor":"somebody","at":"2026-11-24T10:00:01.000Z","data":{"b":1},"prevHash":"${'0'.repeat(64)}",` +
      '"run":"run-1","seq":1,"target":"shop","token":7,"type":"migration.applied"}'
    expect(event?.hash).toBe(sha256('0'.repeat(64) + content))
  })

  it('given a chain of two, when it is chained in two parts, then it is the same chain', () => {
    const [first] = chainEvents(target, emptyChain, [draft(1)])
    if (first === undefined) throw new Error('no event')
    expect([first, ...chainEvents(target, first, [draft(2)])]).toEqual(chainOf(2))
  })

  it('given a text with a lone surrogate, when it is chained, then it becomes what UTF-8 makes of it', () => {
    const data = { '\ud800': ['\udfff', { deep: 'a\ud800b' }] }
    const [event] = chainEvents(target, emptyChain, [{ ...draft(1), actor: 'x\ud800', data }])
    expect([event?.actor, event?.data]).toEqual(['x\ufffd', { '\ufffd': ['\ufffd', { deep: 'a\ufffdb' }] }])
  })
})

describe('verifying a chain', () => {
  it('given no events and no head, when it is verified, then it is intact', () => {
    expect(verifyChain([])).toEqual({ intact: true, last: { seq: 0, hash: '0'.repeat(64) } })
  })

  it('given any chain, when it is verified up to any of its own heads, then it is intact', () => {
    fc.assert(
      fc.property(fc.array(drafts, { minLength: 1, maxLength: 8 }), fc.nat(), (list, pick) => {
        const events = chainEvents(target, emptyChain, list)
        const head = events[pick % events.length]
        expect(verifyChain(events, head)).toEqual({ intact: true, last: lastOf(events) })
      }),
    )
  })

  it('given any chain, when one field of one event is changed, then that event is named', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.constantFrom(...changes), (seq, change) => {
        const events = chainOf(6).map((event) => (event.seq === seq ? change(event) : event))
        expect(verifyChain(events)).toEqual({ intact: false, seq, fault: 'changed' })
      }),
    )
  })

  it('given any chain, when one event but the last is removed, then that event is named as missing', () => {
    for (const seq of [1, 2, 3, 4, 5]) {
      const events = chainOf(6).filter((event) => event.seq !== seq)
      expect(verifyChain(events)).toEqual({ intact: false, seq, fault: 'missing' })
    }
  })

  it('given a chain, when its end was cut off, then the head tells which event is missing', () => {
    const events = chainOf(6)
    expect(verifyChain(events.slice(0, 4), lastOf(events))).toEqual({ intact: false, seq: 5, fault: 'missing' })
  })

  it('given a chain, when an event was rewritten with a fitting hash, then the next one does not follow', () => {
    const [first, second] = chainOf(2)
    const [forged] = chainEvents(target, emptyChain, [{ ...draft(1), actor: 'somebody else' }])
    if (first === undefined || second === undefined || forged === undefined) throw new Error('no events')
    expect(verifyChain([forged, second])).toEqual({ intact: false, seq: 2, fault: 'does-not-follow' })
  })

  it('given a chain, when it was rewritten to its end with fitting hashes, then the head tells which event was changed', () => {
    const forged = chainEvents(target, emptyChain, [draft(1), { ...draft(2), actor: 'somebody else' }])
    expect(verifyChain(forged, lastOf(chainOf(2)))).toEqual({ intact: false, seq: 2, fault: 'changed' })
  })

  it('given a chain, when an event takes a place that was taken, then it does not follow, whatever its hash', () => {
    const events = chainOf(3)
    const again = chainEvents(target, { seq: 2, hash: lastOf(events).hash }, [draft(3)])
    expect(verifyChain([...events, ...again])).toEqual({ intact: false, seq: 3, fault: 'does-not-follow' })
  })
})

const target = ((name: string): TargetName => {
  if (isTargetName(name)) return name
  throw new Error(`not a target name: ${name}`)
})('shop')

const draft = (second: number): AuditDraft => ({
  type: 'migration.applied',
  at: instant(new Date(Date.UTC(2026, 10, 24, 10, 0, second))),
  run: runId('run-1'),
  actor: 'somebody',
  data: { migration: `m${second}`, nested: { list: [second, null, true] } },
})

const drafts = fc
  .record({ actor: fc.string(), data: fc.dictionary(fc.string(), fc.jsonValue()) })
  .map(({ actor, data }): AuditDraft => ({ ...draft(1), actor, data: data as Record<string, Json> }))

const chainOf = (length: number): AuditEvent[] =>
  chainEvents(
    target,
    emptyChain,
    Array.from({ length }, (_, index) => draft(index + 1)),
  )

const lastOf = (events: readonly AuditEvent[]) => {
  const last = events.at(-1)
  if (last === undefined) throw new Error('no events')
  return { seq: last.seq, hash: last.hash }
}

const changes: readonly ((event: AuditEvent) => AuditEvent)[] = [
  (event) => ({ ...event, type: 'migration.failed' }),
  (event) => ({ ...event, actor: 'somebody else' }),
  (event) => ({ ...event, run: runId('run-2') }),
  (event) => ({ ...event, token: token(99) }),
  (event) => ({ ...event, data: { ...event.data, nested: null } }),
  (event) => ({ ...event, data: {} }),
  (event) => ({ ...event, prevHash: sha256('another') }),
  (event) => ({ ...event, hash: sha256('another') }),
]

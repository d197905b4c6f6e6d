import { describe, expect, it } from 'vitest'
import { parseDeliveries } from '../../functions/edge/events.ts'
import { refusalOf } from '../support/refusal.ts'

const run = `r-${'a'.repeat(24)}`
const upload = (bucket: string, eventName = 'ObjectCreated:Put') => ({
  eventSource: 'aws:s3',
  eventName,
  userIdentity: { principalId: 'AWS:AIDA' },
  requestParameters: { sourceIPAddress: '192.0.2.1' },
  s3: { bucket: { name: bucket }, object: { key: 'bundles/shop/a+b.zip', versionId: 'v1' } },
})
const read = (body: unknown) => parseDeliveries(JSON.stringify(body), 'ours')

describe('a message of the bundle queue', () => {
  it('given an upload, when it is read, then it names object and version, and who uploaded', () => {
    expect(read({ Records: [upload('ours')] })).toEqual([
      {
        object: { bucket: 'ours', key: 'bundles/shop/a b.zip', versionId: 'v1' },
        actor: { kind: 'upload', principal: 'AWS:AIDA', address: '192.0.2.1' },
      },
    ])
  })

  it('given an upload to another bucket of the account, when it is read, then all of the message is refused', async () => {
    const { code, message } = await refusalOf(() => read({ Records: [upload('ours'), upload('theirs')] }))
    expect([code, message]).toEqual(['EVENT_INVALID', 'expected events of bucket ours, got one of theirs'])
  })

  it('given a deletion, when it is read, then nothing follows from it', () => {
    expect(read({ Records: [upload('ours', 'ObjectRemoved:Delete')] })).toEqual([])
  })

  it('given a run, when it is read with anything besides, then it is refused', async () => {
    expect(read({ target: 'shop', run })).toEqual([{ target: 'shop', run }])
    expect((await refusalOf(() => read({ target: 'shop', run, actor: 'root' }))).code).toBe('EVENT_INVALID')
  })
})

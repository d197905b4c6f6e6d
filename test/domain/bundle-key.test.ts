import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bundleKey, runIdOf, targetOfKey } from '../../functions/domain/bundle-key.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import { isTargetName, type TargetName } from '../../functions/domain/types.ts'
import { refusalOf } from '../support/refusal.ts'

const target = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/).filter((text): text is TargetName => isTargetName(text))

describe('keys', () => {
  test('given any target, when a key is made, then its target is read from it', () => {
    const property = fc.property(target, fc.string(), fc.uuid(), (name, text, uuid) => {
      expect(targetOfKey(bundleKey({ target: name, digest: sha256(text), uuid }))).toBe(name)
    })
    fc.assert(property)
  })

  test('given a digest and a uuid, when a key is made, then it reads so', () => {
    const [name] = ['shop'].filter(isTargetName)
    if (name === undefined) throw new Error('no target')
    expect(bundleKey({ target: name, digest: sha256('x'), uuid: 'u-1' })).toBe('bundles/shop/2d711642b726-u-1.zip')
  })

  test('given a key of a raw upload, when it is read, then the name of the zip may be anything', () => {
    expect(targetOfKey('bundles/shop/release 42 (final).zip')).toBe('shop')
  })

  test.each([
    ['uploads/shop/x.zip', 'EVENT_INVALID'],
    ['bundles/x.zip', 'EVENT_INVALID'],
    ['bundles/shop/deeper/x.zip', 'EVENT_INVALID'],
    ['bundles/shop/x.tar', 'EVENT_INVALID'],
    ['bundles/shop/.zip', 'EVENT_INVALID'],
    ['bundles//x.zip', 'EVENT_INVALID'],
    ['a/bundles/shop/x.zip', 'EVENT_INVALID'],
    ['bundles/Shop/x.zip', 'TARGET_NAME_INVALID'],
    [`bundles/${'a'.repeat(64)}/x.zip`, 'TARGET_NAME_INVALID'],
  ])('given the key %s, when it is read, then it is refused as %s', async (key, code) => {
    expect((await refusalOf(() => targetOfKey(key))).code).toBe(code)
  })
})

describe('run ids', () => {
  const object = { bucket: 'b', key: 'bundles/shop/x.zip' }

  test('given an object, when its run id is derived, then it is `r-` and 24 hex of the canonical JSON', () => {
    const json = '{"bucket":"b","key":"bundles/shop/x.zip","versionId":"v1"}'
    expect(runIdOf({ ...object, versionId: 'v1' })).toBe(`r-${sha256(json).slice(0, 24)}`)
  })

  test('given an ETag with and without quotes, when the ids are derived, then they are the same', () => {
    expect(runIdOf({ ...object, etag: '"abc"' })).toBe(runIdOf({ ...object, etag: 'abc' }))
  })

  test('given a version, when the id is derived, then the ETag does not count', () => {
    expect(runIdOf({ ...object, versionId: 'v1', etag: 'abc' })).toBe(runIdOf({ ...object, versionId: 'v1' }))
  })

  test('given the version "null" of a bucket without versions, when the id is derived, then the ETag counts', () => {
    expect(runIdOf({ ...object, versionId: 'null', etag: 'abc' })).toBe(runIdOf({ ...object, etag: 'abc' }))
  })

  test('given objects that differ in anything, when their ids are derived, then the ids differ', () => {
    const objects = [
      { ...object, versionId: 'v1' },
      { ...object, versionId: 'v2' },
      { ...object, etag: 'v1' },
      { ...object, bucket: 'c', versionId: 'v1' },
      { ...object, key: 'bundles/shop/y.zip', versionId: 'v1' },
    ]
    expect(new Set(objects.map(runIdOf)).size).toBe(objects.length)
  })

  test.each([{}, { versionId: 'null' }, { versionId: '', etag: '""' }])(
    'given an object with %j alone, when its id is derived, then it is refused',
    async (identity) => expect((await refusalOf(() => runIdOf({ ...object, ...identity }))).code).toBe('EVENT_INVALID'),
  )
})

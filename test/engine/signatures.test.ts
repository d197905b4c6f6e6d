import { describe, expect, test } from 'vitest'
import { openBundle } from '../../functions/adapters/bundle-reader.ts'
import { packBundle } from '../../functions/adapters/bundle-writer.ts'
import type { ManifestInput } from '../../functions/domain/bundle-manifest.ts'
import { defaultLimits } from '../../functions/domain/limits.ts'
import type { TargetPolicy } from '../../functions/domain/settings.ts'
import type { BundleStatement } from '../../functions/domain/statement.ts'
import { instant, migrationName, type Sha256 } from '../../functions/domain/types.ts'
import { targetName } from '../support/control-records.ts'
import { engineWorld, type World } from '../support/engine-world.ts'
import { memoryFiles } from '../support/memory-files.ts'
import { newKey, signed, type TestKey } from '../support/signing.ts'

const v1 = { '1_a/migration.sql': 'create table a (id int);', '1_a/down.sql': 'drop table a;' }
const v2 = { ...v1, '2_b/migration.sql': 'create table b (id int);', '2_b/down.sql': 'drop table b;' }
const v3 = { ...v2, '3_c/migration.sql': 'create table c (id int);' }

const [release, stranger] = [newKey('release'), newKey('stranger')]
const [shop, staging] = [targetName('shop'), targetName('staging')]

const worldWith = (policy: Partial<TargetPolicy>): World =>
  engineWorld({ policy: { ...engineWorld().settings.policy, ...policy } })
const signing = (policy: Partial<TargetPolicy> = {}): World => worldWith({ signers: [release.signer], ...policy })

interface Signing extends Partial<Omit<BundleStatement, 'manifest'>> {
  readonly by?: TestKey
  readonly manifest?: ManifestInput
}

/** Packs and signs a history, for this target unless told otherwise. */
const signedZip = async (texts: Readonly<Record<string, string>>, options: Signing = {}): Promise<Uint8Array> => {
  const { by = release, manifest = {}, target = shop, ...wish } = options
  return await signed(await packBundle(memoryFiles(texts), manifest), by, { target, ...wish })
}
const digestOf = async (texts: Readonly<Record<string, string>>): Promise<Sha256> =>
  (await openBundle(await packBundle(memoryFiles(texts), {}), defaultLimits)).digest

const advance = async (world: World, bytes: Uint8Array) => world.advance(await world.pushBytes(bytes))
const finished = async (world: World) => {
  const events = await world.control.readAudit(shop, 0, 1_000)
  return events.filter(({ type }) => type === 'run.finished').map(({ data }) => data)
}
const refusal = (code: string) => ({ kind: 'done', state: 'REFUSED', failure: { code } })

describe('a target with signers', () => {
  test('given a bundle signed for it, when advanced, then it runs and the audit stream names the key', async () => {
    const world = signing()
    expect(await advance(world, await signedZip(v1))).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
    const [started] = await world.control.readAudit(shop, 0, 1)
    expect(started).toMatchObject({ type: 'run.started', data: { signer: 'release', key: expect.any(String) } })
  })

  test.each<[string, string, () => Promise<Uint8Array>]>([
    ['without a signature', 'SIGNATURE_MISSING', () => packBundle(memoryFiles(v1), {})],
    ['signed by a stranger', 'SIGNATURE_INVALID', () => signedZip(v1, { by: stranger })],
    ['signed for staging', 'SIGNATURE_OTHER_TARGET', () => signedZip(v1, { target: staging })],
    ['that expired', 'SIGNATURE_EXPIRED', () => signedZip(v1, { expires: instant(new Date('2020-01-01T00:00:00Z')) })],
    ['upon what never was here', 'SIGNATURE_REPLAYED', async () => signedZip(v2, { parent: await digestOf(v1) })],
  ])(
    'given a bundle %s, when advanced, then %s is recorded and audited, and nothing was begun',
    async (_, code, make) => {
      const world = signing()
      expect(await advance(world, await make())).toMatchObject(refusal(code))
      expect((await world.control.latestRuns(shop, 1))[0]).toMatchObject({ state: 'REFUSED', failure: { code } })
      expect(await finished(world)).toMatchObject([{ state: 'REFUSED', code }])
      expect(await world.control.readLock(shop)).toBeUndefined()
      expect(world.receipts()).toEqual([])
    },
  )

  test('given a manifest that asks for more than was signed, when advanced, then it is refused', async () => {
    const world = signing()
    const { signatures = [] } = await openBundle(await signedZip(v1), defaultLimits)
    const other = await openBundle(await packBundle(memoryFiles(v1), { source: { branch: 'other' } }), defaultLimits)
    const request = await world.pushBytes(await packBundle(memoryFiles(v1), { source: { branch: 'other' } }))
    const ports = { ...world.ports, openBundle: async () => ({ ...other, signatures }) }
    expect(await world.advance(request, undefined, ports)).toMatchObject(refusal('SIGNATURE_INVALID'))
  })

  test('given a newer bundle that succeeded, when the older one is replayed, then it is refused', async () => {
    const world = signing()
    const old = await signedZip(v1)
    await advance(world, old)
    await advance(world, await signedZip(v2))
    expect(await advance(world, old)).toMatchObject(refusal('SIGNATURE_REPLAYED'))
  })

  test('given a chain of parents, when each is pushed in turn, then each runs, and the last one again', async () => {
    const world = signing()
    const last = await signedZip(v2, { parent: await digestOf(v1) })
    expect(await advance(world, await signedZip(v1))).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
    expect(await advance(world, last)).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
    expect(await advance(world, last)).toMatchObject({ state: 'SUCCEEDED', applied: 0 })
  })

  test('given two bundles upon the same parent, when the second waited for the first, then it is refused under its lease', async () => {
    const world = signing()
    await advance(world, await signedZip(v1))
    const parent = await digestOf(v1)
    const [first, second] = [await signedZip(v2, { parent }), await signedZip(v3, { parent })]
    const waiting = await world.pushBytes(second)
    const racing = { ...world.ports, control: { ...world.control, acquire: overtaken(world, first) } }
    expect(await world.advance(waiting, undefined, racing)).toMatchObject(refusal('SIGNATURE_REPLAYED'))
    expect(world.receipts().map(({ migration }) => migration)).toEqual(['1_a', '2_b'])
  })

  test('given a rollback of a bundle, when that bundle is replayed, even to reapply, then it is refused until it is signed anew', async () => {
    const world = signing()
    const reapply = { manifest: { reapply: [migrationName('2_b')] } }
    const bundle = await signedZip(v2, reapply)
    expect(await advance(world, bundle)).toMatchObject({ state: 'SUCCEEDED', applied: 2 })
    await rollBack(world)
    expect(await advance(world, bundle)).toMatchObject(refusal('SIGNATURE_REPLAYED'))
    const parent = (await world.control.readLock(shop))?.standing
    const anew = await signedZip(v2, { ...reapply, ...(parent && { parent }) })
    expect(await advance(world, anew)).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
    await rollBack(world)
    expect(await advance(world, anew)).toMatchObject(refusal('SIGNATURE_REPLAYED'))
  })

  test('given a run that began in time, when its signature expires between two slices, then it goes on', async () => {
    const world = signing()
    const slow = Object.fromEntries(['1_a', '2_b', '3_c'].map((name) => [`${name}.sql`, 'select 1; -- takes: 3000']))
    const request = await world.pushBytes(await signedZip(slow, { expires: instant(new Date(world.clock.now())) }))
    expect(await world.advance(request, 7_000)).toEqual({ kind: 'more' })
    await world.clock.sleep(86_400_000)
    expect(await world.advance(request)).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
  })

  test('given a bundle that failed, when a correction comes, signed upon what succeeded before it, then it runs', async () => {
    const world = signing()
    await advance(world, await signedZip(v1))
    const wrong = { ...v1, '2_b/migration.sql': 'select 1; -- fails: 42P01' }
    const parent = await digestOf(v1)
    expect(await advance(world, await signedZip(wrong, { parent }))).toMatchObject({ state: 'FAILED' })
    expect(await advance(world, await signedZip(v2, { parent }))).toMatchObject({ state: 'SUCCEEDED' })
  })
})

describe('a target without signers', () => {
  test.each<[string, () => Promise<Uint8Array>]>([
    ['no signature', () => packBundle(memoryFiles(v1), {})],
    ["a stranger's signature", () => signedZip(v1, { by: stranger })],
  ])('given a bundle with %s, when advanced, then it runs and no signer is told', async (_, make) => {
    const world = worldWith({})
    expect(await advance(world, await make())).toMatchObject({ state: 'SUCCEEDED' })
    expect((await world.control.readAudit(shop, 0, 1))[0]?.data).not.toHaveProperty('signer')
  })
})

describe('a target after another', () => {
  test('given a bundle that never was on the other, when advanced, then it is refused and the other is named', async () => {
    const world = worldWith({ after: staging })
    expect(await advance(world, await packBundle(memoryFiles(v1), {}))).toMatchObject({
      state: 'REFUSED',
      failure: { code: 'PROMOTION_REQUIRED', names: ['staging'] },
    })
    expect(await finished(world)).toMatchObject([{ code: 'PROMOTION_REQUIRED' }])
  })

  test('given a bundle that succeeded on the other, when advanced, then it runs; one of another digest does not', async () => {
    const world = worldWith({ after: staging })
    world.control.records(staging).done.add(await digestOf(v1))
    expect(await advance(world, await packBundle(memoryFiles(v1), {}))).toMatchObject({ state: 'SUCCEEDED' })
    expect(await advance(world, await packBundle(memoryFiles(v2), {}))).toMatchObject(refusal('PROMOTION_REQUIRED'))
  })

  test('given a bundle that succeeded on this target alone, when advanced again, then it is refused still', async () => {
    const world = worldWith({})
    await advance(world, await packBundle(memoryFiles(v1), {}))
    world.control.records(shop).settings = { ...world.settings, policy: { ...world.settings.policy, after: staging } }
    expect(await advance(world, await packBundle(memoryFiles(v1), {}))).toMatchObject(refusal('PROMOTION_REQUIRED'))
  })
})

/** Lets another run have its whole life between this one's look at the lock and its claim. */
function overtaken(world: World, bytes: Uint8Array): World['control']['acquire'] {
  let first = true
  return async (claim) => {
    if (first) {
      first = false
      await advance(world, bytes)
    }
    return await world.control.acquire(claim)
  }
}

async function rollBack(world: World): Promise<void> {
  const plan = await world.planRollback({ kind: 'steps', count: 1 })
  expect(await world.advance(await world.confirm(plan))).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
}

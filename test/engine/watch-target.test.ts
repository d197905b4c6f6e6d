import { beforeEach, describe, expect, test } from 'vitest'
import type { LockRecord } from '../../functions/domain/records.ts'
import { type Instant, instant } from '../../functions/domain/types.ts'
import { copyMissingEvents, type WatchPorts, watchTarget } from '../../functions/engine/watch-target.ts'
import { engineWorld, type World } from '../support/engine-world.ts'
import { type MemoryArchive, memoryArchive } from '../support/memory-archive.ts'

const history = { '1_a/migration.sql': 'create table a (id int);', '2_b/migration.sql': 'create table b (id int);' }

let world: World
let archive: MemoryArchive
let published: string[]
let ports: WatchPorts

beforeEach(async () => {
  world = engineWorld()
  archive = memoryArchive()
  published = []
  ports = {
    ...world.ports,
    archive,
    publisher: { publish: async (events) => void published.push(...events.map(({ type }) => type)) },
    askReconcile: async ({ target }) => ({
      target,
      copied: 0,
      chain: await world.control.readChain(target),
      invalidIndexes: [],
    }),
  }
  await world.advance(await world.push(history))
})

const events = () => world.control.readAudit(world.target, 0, 1_000)
const archiveAllBut = async (...missing: readonly number[]): Promise<void> => {
  for (const event of await events()) if (!missing.includes(event.seq)) await archive.put(event)
}
const ago = (ms: number): Instant => instant(new Date(Date.parse(world.clock.now()) - ms))

describe('a look', () => {
  test('given a free lease and a whole archive, when a target is looked at, then nothing is late', async () => {
    await archiveAllBut()
    await world.clock.sleep(600_000)
    expect(await watchTarget(ports, world.target)).toEqual({ heartbeatAgeMs: 0, leaseAgeMs: 0, auditLagMs: 0 })
  })

  test.each([
    ['HELD', 400_000],
    ['PARKED', 400_000],
    ['FREEZING', 400_000],
    ['FROZEN', 0],
    ['FREE', 0],
  ] as const)(
    'given a lock that is %s since a while, when it is looked at, then its silence is %i ms',
    async (lockState, ms) => {
      const records = world.control.records(world.target)
      records.lock = { ...(records.lock as LockRecord), lockState, heartbeatAt: ago(400_000) }
      expect((await watchTarget(ports, world.target)).heartbeatAgeMs).toBe(ms)
    },
  )

  test('given a lease that is held, when it is looked at, then its age is that of its run', async () => {
    const records = world.control.records(world.target)
    const [run] = await world.control.latestRuns(world.target, 1)
    if (run === undefined) throw new Error('no run')
    records.lock = {
      ...(records.lock as LockRecord),
      lockState: 'HELD',
      ownerRun: run.id,
      heartbeatAt: world.clock.now(),
    }
    await world.clock.sleep(3_600_000)
    const { leaseAgeMs } = await watchTarget(ports, world.target)
    expect(leaseAgeMs).toBe(Date.parse(world.clock.now()) - Date.parse(run.startedAt ?? ''))
    expect(leaseAgeMs).toBeGreaterThanOrEqual(3_600_000)
  })

  test('given the newest events not archived, when a target is looked at, then the lag is the age of the oldest of them', async () => {
    const all = await events()
    const last = all.at(-1)?.seq ?? 0
    await archiveAllBut(last - 1, last)
    await world.clock.sleep(1_000_000)
    const oldest = all.find(({ seq }) => seq === last - 1)
    expect((await watchTarget(ports, world.target)).auditLagMs).toBe(
      Date.parse(world.clock.now()) - Date.parse(oldest?.at ?? ''),
    )
  })
})

describe('copying', () => {
  /** More than the stream may take. */
  const longEnoughMs = 300_001

  test('given events that the archive lacks here and there, when they are copied, then it has all, and each was published once', async () => {
    await archiveAllBut(1, 3, (await events()).length)
    await world.clock.sleep(longEnoughMs)
    expect(await copyMissingEvents(ports, world.target)).toBe(3)
    expect(await archive.seqs(world.target)).toEqual((await events()).map(({ seq }) => seq))
    expect(published).toHaveLength(3)
    expect(await copyMissingEvents(ports, world.target)).toBe(0)
  })

  test('given events of just now, when missing ones are copied, then the stream is left to bring them', async () => {
    await archiveAllBut(2)
    expect(await copyMissingEvents(ports, world.target)).toBe(0)
    expect(archive.events.has(`${world.target}/2`)).toBe(false)
    expect(published).toEqual([])
  })

  test('given another event in the place of one, when missing ones are copied, then it is left as it stands', async () => {
    await archiveAllBut(2)
    await world.clock.sleep(longEnoughMs)
    const first = archive.events.get(`${world.target}/1`)
    expect(await copyMissingEvents(ports, world.target)).toBe(1)
    expect(archive.events.get(`${world.target}/1`)).toBe(first)
    expect(archive.evidence).toEqual([])
  })
})

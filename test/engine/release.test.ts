import { expect, test } from 'vitest'
import type { Projection } from '../../functions/engine/control-store.ts'
import { release } from '../../functions/engine/release.ts'
import { engineWorld, type World } from '../support/engine-world.ts'

const names = Array.from({ length: 45 }, (_, index) => `${index + 10}_m`)
const history = Object.fromEntries(
  names.flatMap((name) => [
    [`${name}/migration.sql`, `create table t${name} ();`],
    [`${name}/down.sql`, `drop table t${name};`],
  ]),
)
const actor = { kind: 'claimed', name: 'ops', requestId: '1' } as const
/** A release that never ends would take no turn of the event loop, so no test's time would be over. */
const mostWrites = 10

const takenBack = async (count: number): Promise<World> => {
  const world = engineWorld()
  await world.advance(await world.push(history))
  await world.advance(await world.confirm(await world.planRollback({ kind: 'steps', count })))
  return world
}

/** @param before done before each write, by its number */
const releaseAll = ({ ports, target }: World, before: (write: number) => Promise<unknown> = async () => undefined) => {
  let writes = 0
  const project = async (entry: Projection) => {
    writes += 1
    if (writes > mostWrites) throw new Error(`more than ${mostWrites} writes`)
    await before(writes)
    return await ports.control.project(entry)
  }
  return release(
    { ...ports, control: { ...ports.control, project } },
    { action: 'release', target, actor, budgetMs: 10_000, reason: 'mended', migrations: [] },
  )
}

const released = async ({ control, target }: World): Promise<number> =>
  (await control.readLedger(target)).filter(({ releasedAt }) => releasedAt !== undefined).length

test('given more held back than one transaction takes, when all are released, then all are', async () => {
  const world = await takenBack(45)
  expect((await releaseAll(world)).released).toHaveLength(45)
  expect(await released(world)).toBe(45)
  expect((await world.auditTypes()).slice(-2)).toEqual(['migration.released', 'migration.released'])
})

test('given a chain that moves meanwhile, when released, then it is looked at again', async () => {
  const world = await takenBack(2)
  const { control, target } = world
  const other = {
    type: 'run.started',
    at: world.clock.now(),
    run: (await control.latestRuns(target, 1))[0]?.id,
  } as const
  const move = async (write: number): Promise<void> => {
    if (write > 1 || other.run === undefined) return
    const event = { ...other, run: other.run, actor: 'other', data: {} }
    await control.project({ target, seen: await control.readChain(target), receipts: [], events: [event] })
  }
  expect((await releaseAll(world, move)).released).toHaveLength(2)
  expect(await released(world)).toBe(2)
})

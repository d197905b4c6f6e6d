import { expect, test } from 'vitest'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import { kept } from '../../functions/engine/kept.ts'
import type { OperatorPorts } from '../../functions/engine/operator-act.ts'
import type { KeptRequest } from '../../functions/engine/runner-contract.ts'
import { engineWorld, type World } from '../support/engine-world.ts'
import { operate } from '../support/operator-world.ts'

const actor = { kind: 'claimed', name: 'ada', requestId: 'request-1' } as const
const day = 86_400_000

const ask = (
  world: World,
  action: KeptRequest['action'],
  { olderThanMs = 0, ports = world.ports }: { readonly olderThanMs?: number; readonly ports?: OperatorPorts } = {},
) => kept(ports, { action, target: world.target, actor, olderThanMs, budgetMs: 60_000 })

/** A target whose migrations dropped a column, and ten days later a table. */
async function droppedTwice(): Promise<World> {
  const world = engineWorld()
  const first = { '1_a/migration.sql': 'alter table a drop column x -- keeps: 3' }
  await world.advance(await world.push(first))
  await world.clock.sleep(10 * day)
  await world.advance(await world.push({ ...first, '2_b/migration.sql': 'drop table b -- keeps: 5' }))
  return world
}

const column = { migration: '1_a', table: 'public.a', columns: ['x'], rows: 3 }
const table = { migration: '2_b', table: 'public.b', rows: 5 }

test('given migrations that dropped something, when the audit is read, then it tells what was kept', async () => {
  const world = await droppedTwice()
  const events = (await world.control.readAudit(world.target, 0, 1_000)).filter(
    ({ type }) => type === 'migration.applied',
  )
  expect(events.map(({ data }) => data.kept)).toEqual([
    [{ table: 'public.a', columns: ['x'], rows: 3 }],
    [{ table: 'public.b', rows: 5 }],
  ])
})

test('given what is kept, when it is listed, then the oldest is first, and an age leaves the newer out', async () => {
  const world = await droppedTwice()
  expect(await ask(world, 'kept-list')).toMatchObject({ target: world.target, tables: [column, table] })
  expect((await ask(world, 'kept-list', { olderThanMs: 5 * day })).tables).toMatchObject([column])
  expect((await ask(world, 'kept-list', { olderThanMs: 50 * day })).tables).toEqual([])
})

test('given what is kept, when the old of it is dropped, then the new stays, and the audit tells who dropped what', async () => {
  const world = await droppedTwice()
  const before = await world.control.readLock(world.target)
  expect((await ask(world, 'kept-drop', { olderThanMs: 5 * day })).tables).toMatchObject([column])
  expect((await ask(world, 'kept-list')).tables).toMatchObject([table])
  expect((await world.control.readAudit(world.target, 0, 1_000)).at(-1)).toMatchObject({
    type: 'kept.dropped',
    actor: expect.stringContaining('ada'),
    data: { count: 1, tables: [column] },
  })
  expect(await world.control.readLock(world.target)).toEqual(before)
})

test('given nothing old enough, when it is dropped, then nothing is told', async () => {
  const world = await droppedTwice()
  const events = (await world.auditTypes()).length
  expect((await ask(world, 'kept-drop', { olderThanMs: 50 * day })).tables).toEqual([])
  expect(await world.auditTypes()).toHaveLength(events)
})

test('given a target that was never migrated, when it is asked, then nothing is kept and nothing dropped', async () => {
  const world = engineWorld()
  expect(await ask(world, 'kept-list')).toEqual({ target: world.target, tables: [] })
  expect(await ask(world, 'kept-drop')).toEqual({ target: world.target, tables: [] })
})

test('given an unknown target, when it is asked, then it is refused', async () => {
  const world = engineWorld()
  const request = { action: 'kept-list', actor, olderThanMs: 0, budgetMs: 1 } as const
  const refused = kept(world.ports, { ...request, target: 'nowhere' as TargetName })
  await expect(refused).rejects.toMatchObject({ code: 'TARGET_UNKNOWN' })
})

test('given a run at work, when kept tables are dropped, then it is refused and nothing goes', async () => {
  const world = await droppedTwice()
  const settings = await world.control.readSettings(world.target)
  if (settings === undefined) throw new Error('expected settings')
  const lock = await world.control.readLock(world.target)
  await using session = await world.ports.database.connect(settings, lock?.token ?? (1 as never))
  await session.tryLock()
  await expect(ask(world, 'kept-drop')).rejects.toMatchObject({
    code: 'LEASE_HELD',
    message: expect.stringContaining(`lockstep:${world.target}:`),
  })
  expect((await ask(world, 'kept-list')).tables).toHaveLength(2)
})

test('given a frozen target, when kept tables are dropped, then it is refused', async () => {
  const world = await droppedTwice()
  await operate(world, 'freeze')
  await expect(ask(world, 'kept-drop')).rejects.toMatchObject({ code: 'TARGET_FROZEN' })
  expect((await ask(world, 'kept-list')).tables).toHaveLength(2)
})

test('given a control table that does not answer, when kept tables are dropped, then nothing goes', async () => {
  const world = await droppedTwice()
  const project = () => Promise.reject(new LockstepError('AWS_UNREACHABLE', 'no answer'))
  const ports = { ...world.ports, control: { ...world.control, project } }
  await expect(ask(world, 'kept-drop', { ports })).rejects.toMatchObject({ code: 'AWS_UNREACHABLE' })
  expect((await ask(world, 'kept-list')).tables).toHaveLength(2)
})

test('given another who writes the chain meanwhile, when kept tables are dropped, then they go once, with one event', async () => {
  const world = await droppedTwice()
  let moved = 0
  const project: typeof world.control.project = (projection) => {
    moved += 1
    return moved === 1 ? Promise.resolve('moved') : world.control.project(projection)
  }
  const ports = { ...world.ports, control: { ...world.control, project } }
  expect((await ask(world, 'kept-drop', { ports })).tables).toHaveLength(2)
  expect((await world.auditTypes()).filter((type) => type === 'kept.dropped')).toHaveLength(1)
  expect((await ask(world, 'kept-list')).tables).toEqual([])
})

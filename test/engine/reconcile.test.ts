import { expect, test } from 'vitest'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import type { OperatorPorts } from '../../functions/engine/operator-act.ts'
import { reconcile } from '../../functions/engine/reconcile.ts'
import { advance } from '../../functions/engine/run.ts'
import { engineWorld, type World } from '../support/engine-world.ts'

const history = { '1_a/migration.sql': 'create table a (id int);', '2_b/migration.sql': 'create table b (id int);' }
const actor = { kind: 'claimed', name: 'ada', requestId: 'request-1' } as const

const ask = (world: World, ports: OperatorPorts = world.ports, target: TargetName = world.target) =>
  reconcile(ports, { action: 'reconcile', target, actor, budgetMs: 60_000 })

/** A run whose receipts nobody copied: DynamoDB took no projection while it ran. */
async function unprojected(): Promise<World> {
  const world = engineWorld()
  const project: typeof world.control.project = async (projection) => {
    if (projection.receipts.length > 0) throw new LockstepError('AWS_UNREACHABLE', 'no answer')
    return world.control.project(projection)
  }
  const control = { ...world.control, project }
  const request = await world.push(history)

  await advance({ ...world.ports, control }, request, { remainingMs: () => 600_000 })
  return world
}

test('given receipts that nobody copied, when reconciled, then ledger and audit have each once, and no lease was taken', async () => {
  const world = await unprojected()
  expect(await world.control.readLedger(world.target)).toEqual([])
  const committed = world.receipts().length
  expect(committed).toBeGreaterThan(0)
  const before = await world.control.readLock(world.target)
  expect(await ask(world)).toMatchObject({ copied: committed })
  expect(await ask(world)).toMatchObject({ copied: 0 })
  expect(await world.control.readLedger(world.target)).toHaveLength(committed)
  expect((await world.auditTypes()).filter((type) => type === 'migration.applied')).toHaveLength(committed)
  expect(await world.control.readLock(world.target)).toEqual(before)
})

test('given a target that never ran, when reconciled, then nothing is copied and the database is not touched', async () => {
  const world = engineWorld()
  expect(await ask(world)).toMatchObject({ copied: 0, chain: { seq: 0 } })
  expect(world.database.data('shop').hasSchema).toBe(false)
})

test('given a fence behind the lock, when reconciled, then the drift is told and nothing is copied', async () => {
  const world = engineWorld()
  await world.advance(await world.push(history))
  const before = world.database.snapshot()
  await world.advance(await world.push(history))
  world.database.restore(before)
  expect(await ask(world)).toMatchObject({ copied: 0, drift: { code: 'DRIFT' } })
})

test('given a database that does not answer, when reconciled, then that is the answer', async () => {
  const world = engineWorld()
  const connect = async () => {
    throw new LockstepError('TARGET_UNREACHABLE', 'no route')
  }
  await expect(ask(world, { ...world.ports, database: { connect } })).rejects.toMatchObject({
    code: 'TARGET_UNREACHABLE',
  })
  await expect(ask(world, world.ports, 'nowhere' as TargetName)).rejects.toMatchObject({ code: 'TARGET_UNKNOWN' })
})

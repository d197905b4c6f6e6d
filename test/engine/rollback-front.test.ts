import { beforeEach, describe, expect, test } from 'vitest'
import type { RollbackWish } from '../../functions/domain/records.ts'
import { type RollbackPlan, runIdOfPlan } from '../../functions/domain/rollback-plan.ts'
import { planRollback } from '../../functions/engine/plan-rollback.ts'
import { release } from '../../functions/engine/release.ts'
import {
  type ConfirmPlan,
  confirmPlan,
  type RollbackFrontPorts,
  showPlan,
} from '../../functions/engine/rollback-front.ts'
import { engineWorld, type World } from '../support/engine-world.ts'
import { refusalOf } from '../support/refusal.ts'

const history = {
  '1_a/migration.sql': 'create table a (id int);',
  '1_a/down.sql': 'drop table a;',
  '2_b/migration.sql': 'create table b (id int);',
  '2_b/down.sql': 'drop table b;',
}
const wish: RollbackWish = { kind: 'steps', count: 1 }
const actor = { kind: 'claimed', name: 'ops', requestId: '1' } as const

let world: World
let enqueued: string[]
/** What takes runs from the queue while the front watches; nothing, unless a test says so. */
let take: (run: string) => Promise<void>

beforeEach(async () => {
  world = engineWorld()
  enqueued = []
  take = async () => undefined
  await world.advance(await world.push(history))
})

const ports = (changes: Partial<RollbackFrontPorts> = {}): RollbackFrontPorts => ({
  control: world.control,
  queue: {
    enqueue: async (_target, run) => {
      enqueued.push(run)
      await take(run)
    },
  },
  askPlan: (request) => planRollback(world.ports, request),
  askRelease: (request) => release(world.ports, request),
  clock: world.clock,
  ...changes,
})
const deadline = () => {
  const endsAtMs = world.clock.monotonicMs() + 60_000
  return { remainingMs: () => endsAtMs - world.clock.monotonicMs() }
}
const see = (): Promise<RollbackPlan> => showPlan(ports(), { target: world.target, wish, actor }, deadline())
const order = ({ digest }: Pick<RollbackPlan, 'digest'>): ConfirmPlan => ({
  ...{ action: 'confirm', target: world.target, wish, actor, plan: digest },
})
const confirm = (plan: RollbackPlan, changes: Partial<RollbackFrontPorts> = {}) =>
  confirmPlan(ports(changes), order(plan), deadline())

describe('confirming a plan', () => {
  test('given a plan, when it is confirmed, then its run is made and in the queue, and the front answers within 25 s', async () => {
    const plan = await see()
    const startedMs = world.clock.monotonicMs()
    const answer = await confirm(plan)
    expect(answer).toEqual({
      target: world.target,
      run: runIdOfPlan(world.target, plan.digest),
      state: 'QUEUED',
      applied: 0,
    })
    expect(enqueued).toEqual([answer.run])
    expect(world.clock.monotonicMs() - startedMs).toBeLessThanOrEqual(25_000)
    const run = await world.control.readRun(world.target, answer.run)
    expect(run).toMatchObject({ direction: 'down', starts: 0, actor, work: { kind: 'rollback', plan: plan.digest } })
  })

  test('given a run that ends while the front watches, when it is over, then the front says so', async () => {
    const plan = await see()
    take = async () => {
      const { run } = await world.confirm(plan)
      void world.advance({ action: 'advance', target: world.target, run, actor, budgetMs: 870_000 })
    }
    expect(await confirm(plan)).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
  })

  test('given a plan that was confirmed, when it is confirmed again, then it is not planned again, and is in the queue once more', async () => {
    const plan = await see()
    await confirm(plan)
    const never = () => Promise.reject(new Error('planned again'))
    expect(await confirm(plan, { askPlan: never })).toMatchObject({ state: 'QUEUED' })
    expect(new Set(enqueued).size).toBe(1)
    expect(enqueued).toHaveLength(2)
  })

  test('given a run that is over, when its plan is confirmed again, then it answers how it ended, and nothing is queued', async () => {
    const plan = await see()
    await world.advance(await world.confirm(plan))
    expect(await confirm(plan)).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
    expect(enqueued).toEqual([])
  })

  test('given a plan, when a migration was applied since, then confirming it is refused, and no run is made', async () => {
    const plan = await see()
    await world.advance(
      await world.push({ ...history, '3_c/migration.sql': 'create table c ();', '3_c/down.sql': 'drop table c;' }),
    )
    const error = await refusalOf(() => confirm(plan))
    expect(error).toMatchObject({ code: 'PLAN_STALE' })
    expect(error.message).toContain(plan.digest.slice(0, 12))
    expect(await world.control.readRun(world.target, runIdOfPlan(world.target, plan.digest))).toBeUndefined()
    expect(enqueued).toEqual([])
  })

  test('given a front that died before the queue had the run, when it is asked again, then the run is in the queue', async () => {
    const plan = await see()
    const dies = { enqueue: () => Promise.reject(new Error('died')) }
    await expect(confirm(plan, { queue: dies })).rejects.toThrow('died')
    expect(await confirm(plan)).toMatchObject({ state: 'QUEUED' })
    expect(enqueued).toHaveLength(1)
  })
})

import { beforeEach, describe, expect, test } from 'vitest'
import type { LockstepError } from '../../functions/domain/errors.ts'
import type { RollbackWish } from '../../functions/domain/records.ts'
import { migrationName, runId } from '../../functions/domain/types.ts'
import { release } from '../../functions/engine/release.ts'
import { engineWorld, type World } from '../support/engine-world.ts'
import { refusalOf } from '../support/refusal.ts'

const history = {
  '1_a/migration.sql': 'create table a (id int);',
  '1_a/down.sql': '-- Stop the app.\ndrop table a;',
  '2_b/migration.sql': 'create table b (id int);',
  '2_b/down.sql': 'drop table b;',
  '3_c/migration.sql': 'create table c (id int);',
  '3_c/down.sql': 'drop table c;',
}
const steps = (count: number): RollbackWish => ({ kind: 'steps', count })
const to = (name: string): RollbackWish => ({ kind: 'to', migration: migrationName(name) })

let world: World
beforeEach(async () => {
  world = engineWorld()
  await apply()
})

const apply = async (texts: Readonly<Record<string, string>> = history) => world.advance(await world.push(texts))
const rollBack = async (wish: RollbackWish) => world.advance(await world.confirm(await world.planRollback(wish)))
const data = () => world.database.data('shop')
const applied = () => [...data().applied.keys()]
const refusal = (wish: RollbackWish): Promise<LockstepError> => refusalOf(() => world.planRollback(wish))
const actor = { kind: 'claimed', name: 'ops', requestId: '1' } as const
const letGo = (...names: readonly string[]) =>
  release(world.ports, {
    ...{ action: 'release', target: world.target, actor, budgetMs: 10_000, reason: 'mended' },
    migrations: names.map(migrationName),
  })

describe('planning a rollback', () => {
  test('given three migrations, when two are to go, then the plan shows them with their price and changes nothing', async () => {
    data().rows.set('drops table c', 18_201)
    const receipts = [...world.receipts()]
    const plan = await world.planRollback(to('1_a'))
    expect(plan.steps).toMatchObject([
      { migration: '3_c', sql: 'drop table c;', locks: ['ACCESS EXCLUSIVE on c'] },
      { migration: '2_b', sql: 'drop table b;' },
    ])
    expect(plan.steps.map(({ losses }) => losses)).toEqual([
      [{ what: 'drops table c', count: { kind: 'counted', rows: 18_201 } }],
      [{ what: 'drops table b', count: { kind: 'absent' } }],
    ])
    expect(world.receipts()).toEqual(receipts)
    expect(await world.planRollback(to('1_a'))).toEqual(plan)
  })

  test('given a down script with a comment, when it is planned, then the plan shows what its author wrote', async () => {
    expect((await world.planRollback(steps(3))).steps.at(-1)?.comment).toBe('Stop the app.')
  })

  test.each([
    [to('9_z'), 'ROLLBACK_UNKNOWN'],
    [to('3_c'), 'ROLLBACK_NOTHING'],
    [steps(4), 'ROLLBACK_TOO_FAR'],
    [{ kind: 'run', run: runId('r-unknown') } as const, 'ROLLBACK_NOTHING'],
  ])('given a wish that cannot be, when %j is planned, then it is %s', async (wish, code) => {
    expect((await refusal(wish)).code).toBe(code)
  })

  test('given a target that nobody declared, when it is planned, then it is unknown', async () => {
    delete world.control.records(world.target).settings
    expect((await refusal(steps(1))).code).toBe('TARGET_UNKNOWN')
  })

  test('given a target that was never migrated, when it is planned, then there is nothing to roll back', async () => {
    world = engineWorld()
    expect((await refusal(steps(1))).code).toBe('ROLLBACK_NOTHING')
  })
})

describe('a confirmed rollback', () => {
  test('given three migrations, when two go, then the newest goes first, each with a receipt, and the ledger knows', async () => {
    expect(await rollBack(to('1_a'))).toMatchObject({ kind: 'done', state: 'SUCCEEDED', applied: 2 })
    expect(applied()).toEqual(['1_a'])
    const downs = world.receipts().filter(({ direction }) => direction === 'down')
    expect(downs.map(({ migration }) => migration)).toEqual(['3_c', '2_b'])
    const ledger = await world.control.readLedger(world.target)
    expect(ledger.map(({ migration, state }) => `${migration} ${state}`)).toEqual([
      '1_a APPLIED',
      '2_b REVERTED',
      '3_c REVERTED',
    ])
    expect((await world.auditTypes()).slice(-5)).toEqual([
      ...['run.started', 'run.attached', 'migration.reverted', 'migration.reverted', 'run.finished'],
    ])
    expect((await world.control.readLock(world.target))?.lockState).toBe('FREE')
  })

  test('given a down receipt, when it is read, then it names the bundle that the way back came with', async () => {
    await rollBack(steps(1))
    const [up, down] = world.receipts().filter(({ migration }) => migration === '3_c')
    expect(down).toMatchObject({ direction: 'down', bundle: up?.bundle, checksum: up?.checksum })
  })

  test('given a plan, when it is confirmed twice, then it is one run', async () => {
    const plan = await world.planRollback(steps(1))
    const request = await world.confirm(plan)
    await world.advance(request)
    expect(await world.advance(await world.confirm(plan))).toMatchObject({
      kind: 'done',
      state: 'SUCCEEDED',
      applied: 1,
    })
    expect(applied()).toEqual(['1_a', '2_b'])
  })

  test('given a plan, when a migration was applied since, then it is refused, and nothing goes', async () => {
    const request = await world.confirm(await world.planRollback(steps(1)))
    await apply({ ...history, '4_d/migration.sql': 'create table d (id int);' })
    expect(await world.advance(request)).toMatchObject({ state: 'REFUSED', failure: { code: 'PLAN_STALE' } })
    expect(applied()).toHaveLength(4)
  })

  test('given a plan that lost nothing, when there are rows by now, then it is refused; more rows are the same plan', async () => {
    data().rows.set('drops table c', 0)
    const cheap = await world.confirm(await world.planRollback(steps(1)))
    data().rows.set('drops table c', 1)
    expect(await world.advance(cheap)).toMatchObject({ state: 'REFUSED', failure: { code: 'PLAN_STALE' } })
    const dear = await world.confirm(await world.planRollback(steps(1)))
    data().rows.set('drops table c', 2)
    expect(await world.advance(dear)).toMatchObject({ state: 'SUCCEEDED' })
  })

  test('given a rollback that was refused, when the same is planned again, then it is another plan, and so another run', async () => {
    const first = await world.planRollback(steps(1))
    await world.control.finishRun(
      world.target,
      (await world.confirm(first)).run,
      { state: 'FAILED', applied: 0, notices: [] },
      [],
    )
    const second = await world.planRollback(steps(1))
    expect(second.digest).not.toBe(first.digest)
    expect(await world.advance(await world.confirm(second))).toMatchObject({ state: 'SUCCEEDED' })
  })

  test('given a down script that fails, when it runs, then what went before it is gone, it stays, and nothing goes after it', async () => {
    await apply({
      ...history,
      '4_d/migration.sql': 'create table d ();',
      '4_d/down.sql': 'drop table d; -- fails: 2BP01',
    })
    await apply({
      ...{ ...history, '4_d/migration.sql': 'create table d ();', '4_d/down.sql': 'drop table d; -- fails: 2BP01' },
      ...{ '5_e/migration.sql': 'create table e ();', '5_e/down.sql': 'drop table e;' },
    })
    const ended = await rollBack(to('1_a'))
    expect(ended).toMatchObject({
      state: 'FAILED',
      applied: 1,
      failure: { code: 'MIGRATION_FAILED', migration: '4_d' },
    })
    expect(applied()).toEqual(['1_a', '2_b', '3_c', '4_d'])
    const entry = (await world.control.readLedger(world.target)).find(({ migration }) => migration === '4_d')
    expect(entry).toMatchObject({ state: 'APPLIED', failure: { code: 'MIGRATION_FAILED' } })
  })

  test('given one without a way back among them, when it is planned, then nothing runs, and it is named', async () => {
    await apply({ ...history, '4_d/migration.sql': 'create table d ();' })
    expect(await refusal(steps(2))).toMatchObject({ code: 'ROLLBACK_IRREVERSIBLE', details: { names: ['4_d'] } })
  })

  test('given a way back longer than a slice, when it is carried out, then later slices go on where it was', async () => {
    await apply(long)
    const request = await world.confirm(await world.planRollback(steps(3)))
    expect(await world.advance(request, 8_000)).toEqual({ kind: 'more' })
    let answer = await world.advance(request, 8_000)
    while (answer.kind === 'more') answer = await world.advance(request, 8_000)
    expect(answer).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
    expect(applied()).toEqual(['1_a', '2_b', '3_c'])
  })

  test('given a parked rollback, when another run wrote a receipt meanwhile, then it goes no further', async () => {
    await apply(long)
    const request = await world.confirm(await world.planRollback(steps(3)))
    expect(await world.advance(request, 8_000)).toEqual({ kind: 'more' })
    const other = { ...long, '7_g/migration.sql': 'create table g ();' }
    const later = await world.push(other, { reapply: ['4_d', '5_e', '6_f'].map(migrationName) })
    expect(await world.advance(later)).toMatchObject({ state: 'SUCCEEDED' })
    expect(await world.advance(request)).toMatchObject({ state: 'REFUSED', failure: { code: 'PLAN_STALE' } })
    expect(applied()).toHaveLength(7)
  })

  test('given a way back in units, when its run dies between them, then the next slice goes on with the next unit', async () => {
    await apply({ ...history, '4_d/migration.sql': 'create table d ();', '4_d/down.sql': units })
    const request = await world.confirm(await world.planRollback(steps(1)))
    world.database.breakNextCommit('shop', 'after')
    await world.advance(request)
    expect(data().progress).toMatchObject([{ migration: '4_d', direction: 'down' }])
    let answer = await world.advance(request)
    for (let again = 0; answer.kind !== 'done' && again < 5; again++) answer = await world.advance(request)
    expect(answer).toMatchObject({ state: 'SUCCEEDED' })
    expect(applied()).toEqual(['1_a', '2_b', '3_c'])
  })
})

const takes = (name: string) => ({
  [`${name}/migration.sql`]: `create table t${name} ();`,
  [`${name}/down.sql`]: `drop table t${name}; -- takes: 2500`,
})
const long = { ...history, ...takes('4_d'), ...takes('5_e'), ...takes('6_f') }

const units = `-- lockstep:transaction=none
drop index concurrently i;
drop index concurrently j;
drop table d;`

describe('what was rolled back', () => {
  beforeEach(async () => {
    await rollBack(to('1_a'))
  })

  test('given a rollback, when the same bundle is pushed again, then it is held back', async () => {
    expect(await apply()).toMatchObject({ state: 'REFUSED', failure: { code: 'HELD_BACK', names: ['2_b', '3_c'] } })
    expect(applied()).toEqual(['1_a'])
  })

  test('given a release of all, when the same bundle is pushed again, then it is applied, and told who let it', async () => {
    expect((await letGo()).released).toEqual(['2_b', '3_c'])
    expect(await apply()).toMatchObject({ state: 'SUCCEEDED', applied: 2 })
    const event = (await world.control.readAudit(world.target, 0, 1_000)).find(
      ({ type }) => type === 'migration.released',
    )
    expect(event?.data).toEqual({ reason: 'mended', migrations: ['2_b', '3_c'] })
    expect(event?.actor).toBe('ops (claimed, request 1)')
  })

  test('given a release of one, when the same bundle is pushed again, then the other is still held back', async () => {
    await letGo('2_b')
    expect(await apply()).toMatchObject({ state: 'REFUSED', failure: { code: 'HELD_BACK', names: ['3_c'] } })
  })

  test('given a release, when it is applied and rolled back once more, then it is held back again', async () => {
    await letGo()
    await apply()
    await rollBack(steps(1))
    expect(await apply()).toMatchObject({ state: 'REFUSED', failure: { code: 'HELD_BACK', names: ['3_c'] } })
  })

  test('given a release twice, when the second is asked, then nothing more is told', async () => {
    await letGo()
    const events = (await world.auditTypes()).length
    expect((await letGo()).released).toEqual(['2_b', '3_c'])
    expect(await world.auditTypes()).toHaveLength(events)
  })

  test('given a name that is not held back, when its release is asked, then it is refused, and nothing is released', async () => {
    const error = await refusalOf(() => letGo('2_b', '1_a'))
    expect(error).toMatchObject({ code: 'RELEASE_NEEDLESS', details: { names: ['1_a'] } })
    expect(await apply()).toMatchObject({ failure: { code: 'HELD_BACK' } })
  })

  test('given a changed migration, when it is pushed, then it is applied without asking', async () => {
    const changed = {
      ...history,
      '2_b/migration.sql': 'create table b2 ();',
      '3_c/migration.sql': 'create table c2 ();',
    }
    expect(await apply(changed)).toMatchObject({ state: 'SUCCEEDED', applied: 2 })
  })
})

import { beforeEach, describe, expect, test } from 'vitest'
import { engineWorld, type World } from '../support/engine-world.ts'

const history = {
  '1_a/migration.sql': 'create table a (id int);',
  '2_b/migration.sql': 'create table b (id int);',
  '3_c/migration.sql': 'create table c (id int);',
}
const holds = { '2_b/verify.sql': 'select true' }
const fails = { '2_b/verify.sql': 'select true;\nselect false -- returns: false' }
const build = 'create index concurrently i on a (id)'
const inUnits = { ...history, '2_b/migration.sql': `-- lockstep:transaction=none\n${build};` }

let world: World

beforeEach(() => {
  world = engineWorld()
})

const advance = async (texts: Readonly<Record<string, string>>) => world.advance(await world.push(texts))
const outcomes = () => world.receipts().map(({ migration, outcome }) => `${migration} ${outcome}`)
const ran = () => world.database.data('shop').ran.map(({ sql }) => sql)

describe('a migration with assertions', () => {
  test('given one that does not hold, when advanced, then the step is rolled back, the run FAILED, and nothing after it ran', async () => {
    const request = await world.push({ ...history, ...fails })
    expect(await world.advance(request)).toMatchObject({ kind: 'done', state: 'FAILED', applied: 1 })
    expect(outcomes()).toEqual(['1_a committed', '2_b failed'])
    expect(ran()).toEqual([history['1_a/migration.sql']])
    const failure = {
      code: 'VERIFY_FAILED',
      message: '2_b: assertion 2 of 2_b/verify.sql returned false',
      migration: '2_b',
      place: { file: '2_b/verify.sql', line: 2, column: 1 },
    }
    expect(world.receipts()[1]?.failure).toMatchObject(failure)
    expect(await world.control.readRun(world.target, request.run)).toMatchObject({ state: 'FAILED', failure })
    expect(await world.auditTypes()).toContain('migration.failed')
  })

  test('given an assertion that was corrected, when pushed, then the migration is the same one and is applied', async () => {
    await advance({ ...history, ...fails })
    expect(await advance({ ...history, ...holds })).toMatchObject({ state: 'SUCCEEDED', applied: 2 })
    expect(outcomes()).toEqual(['1_a committed', '2_b failed', '2_b committed', '3_c committed'])
  })

  test('given an assertion that is edited once it held, when pushed, then nothing is to be done', async () => {
    await advance({ ...history, ...holds })
    expect(await advance({ ...history, ...fails })).toMatchObject({ state: 'SUCCEEDED', applied: 0 })
  })

  test('given an assertion that waits for a lock at first, when advanced, then the step is tried again', async () => {
    const waits = { '2_b/verify.sql': 'select true -- lock_timeout: 2' }
    expect(await advance({ ...history, ...waits })).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
    expect(world.receipts()[1]).toMatchObject({ migration: '2_b', attempt: 3, outcome: 'committed' })
    expect(ran()).toEqual(Object.values(history))
  })

  test('given a verify file that a run may not have, when advanced, then not even the migrations before it run', async () => {
    expect(await advance({ ...history, '2_b/verify.sql': 'commit' })).toMatchObject({
      state: 'REFUSED',
      failure: { code: 'STATEMENT_FORBIDDEN' },
    })
    expect(world.receipts()).toEqual([])
  })
})

describe('units with assertions', () => {
  test('given one that does not hold, when it was corrected, then it is asked again and no unit runs twice', async () => {
    expect(await advance({ ...inUnits, ...fails })).toMatchObject({ state: 'FAILED', applied: 1 })
    expect(world.database.data('shop').progress).toMatchObject([{ unit: 0, state: 'done' }])
    expect(await advance({ ...inUnits, ...fails })).toMatchObject({ state: 'FAILED', applied: 0 })
    expect(await advance({ ...inUnits, ...holds })).toMatchObject({ state: 'SUCCEEDED', applied: 2 })
    expect(outcomes()).toEqual(['1_a committed', '2_b failed', '2_b failed', '2_b committed', '3_c committed'])
    expect(ran().filter((sql) => sql.includes('concurrently'))).toHaveLength(1)
    expect(world.database.data('shop').progress).toEqual([])
  })

  test('given assertions of several slices, when advanced, then they are left, waited for, and recorded once', async () => {
    const request = await world.push({ ...inUnits, '2_b/verify.sql': 'select true -- takes: 15000' })
    let answer = await world.advance(request, 6_000)
    for (let slice = 1; slice < 10 && answer.kind === 'more'; slice++) answer = await world.advance(request, 6_000)
    expect(answer).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
    expect(outcomes()).toEqual(['1_a committed', '2_b committed', '3_c committed'])
  })

  test('given assertions that the server rolls back each time they are left, when advanced, then the step FAILED as too long', async () => {
    const request = await world.push({ ...inUnits, '2_b/verify.sql': 'select true -- takes: 8000' })
    const slice = async () => {
      const answer = await world.advance(request, 6_000)
      world.database.kill(world.database.sessions('shop'))
      return answer
    }
    expect([await slice(), await slice()]).toEqual([{ kind: 'more' }, { kind: 'more' }])
    expect(await slice()).toMatchObject({ state: 'FAILED', failure: { code: 'STEP_TOO_LONG', migration: '2_b' } })
    expect(ran().filter((sql) => sql.includes('concurrently'))).toHaveLength(1)
  })
})

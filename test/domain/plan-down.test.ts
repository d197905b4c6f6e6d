import { describe, expect, test } from 'vitest'
import { sha256 } from '../../functions/domain/checksum.ts'
import { planDown, revertAbove } from '../../functions/domain/plan-down.ts'
import type { RollbackWish } from '../../functions/domain/records.ts'
import type { TargetState } from '../../functions/domain/target-state.ts'
import { instant, migrationName, runId, token } from '../../functions/domain/types.ts'
import type { AppliedStep, WayBack } from '../../functions/domain/way-back.ts'
import { refusalOf } from '../support/refusal.ts'

const at = instant(new Date(0))
const down = { down: { path: 'down.sql', text: 'select 1' } }

const step = (name: string, n: number, more: { run?: string; wayBack?: WayBack } = {}): AppliedStep => ({
  migration: migrationName(name),
  checksum: sha256(name),
  receipt: { token: token(1), n },
  run: runId(more.run ?? 'r-1'),
  bundle: sha256('bundle'),
  at,
  wayBack: more.wayBack ?? down,
})

/** Applied in the order 1, 3, 2: the newest is out of order. */
const applied = [step('2_b', 3, { run: 'r-2' }), step('3_c', 2), step('1_a', 1)]

const stateOf = (changes: Partial<TargetState> = {}): TargetState => ({
  head: { token: token(1), n: 3 },
  applied: [],
  reverted: [],
  progress: [],
  ...changes,
})

const to = (name: string): RollbackWish => ({ kind: 'to', migration: migrationName(name) })
const steps = (count: number): RollbackWish => ({ kind: 'steps', count })
const run = (id: string): RollbackWish => ({ kind: 'run', run: runId(id) })
const names = (found: readonly AppliedStep[]) => found.map(({ migration }) => migration)

describe('planDown', () => {
  test.each<[string, RollbackWish, readonly string[], number | null]>([
    ['to the oldest', to('1_a'), ['2_b', '3_c'], 1],
    ['to the one in the middle', to('3_c'), ['2_b'], 2],
    ['one step', steps(1), ['2_b'], 2],
    ['every step', steps(3), ['2_b', '3_c', '1_a'], null],
    ['the newest run', run('r-2'), ['2_b'], 2],
  ])('given %s, when it is planned, then the newest goes first, in the order of receipts', (_, wish, gone, floor) => {
    const plan = planDown(wish, stateOf(), applied)
    expect(names(plan.steps)).toEqual(gone)
    expect(plan.floor?.n ?? null).toBe(floor)
    expect(plan.head).toEqual({ token: 1, n: 3 })
  })

  test.each<[string, RollbackWish, string, RegExp]>([
    ['the newest', to('2_b'), 'ROLLBACK_NOTHING', /2_b is the newest applied migration already/],
    ['one that is ahead', to('4_d'), 'ROLLBACK_UNKNOWN', /4_d is ahead of what is applied; .* is 2_b/],
    ['an unknown one', to('0_x'), 'ROLLBACK_UNKNOWN', /0_x is not applied/],
    ['one that is back', to('1_gone'), 'ROLLBACK_UNKNOWN', /1_gone was taken back already/],
    ['too many steps', steps(4), 'ROLLBACK_TOO_FAR', /at most 3 steps.*got 4/],
    ['an unknown run', run('r-9'), 'ROLLBACK_NOTHING', /run r-9 applied nothing/],
    ['a run below others', run('r-1'), 'ROLLBACK_NOT_NEWEST', /other runs applied 2_b after run r-1/],
  ])('given a wish for %s, when it is planned, then it is refused', async (_, wish, code, message) => {
    const reverted = [
      {
        migration: migrationName('1_gone'),
        checksum: sha256(''),
        receipt: { token: token(1), n: 4 },
        run: runId('r-3'),
      },
    ]
    const error = await refusalOf(() => planDown(wish, stateOf({ reverted }), applied))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
  })

  test('given nothing applied, when any step is planned, then there is nothing to roll back', async () => {
    expect((await refusalOf(() => planDown(steps(1), stateOf(), []))).code).toBe('ROLLBACK_NOTHING')
    expect((await refusalOf(() => planDown(steps(1), stateOf({ head: null }), []))).code).toBe('ROLLBACK_NOTHING')
  })

  test('given a run below others, when it is refused, then the hint says how they go back too', async () => {
    const error = await refusalOf(() =>
      planDown(run('r-1'), stateOf(), [step('9_z', 4, { run: 'r-2' }), ...applied.slice(1)]),
    )
    expect(error.hint).toBe('take them back too, with --steps 3')
  })

  test('given migrations without a way back, when one of them would go, then all of them are named', async () => {
    const stuck = [
      step('3_c', 3, { wayBack: {} }),
      step('2_b', 2, { wayBack: { ...down, irreversible: 'a mail was sent' } }),
      step('1_a', 1),
    ]
    const error = await refusalOf(() => planDown(steps(2), stateOf(), stuck))
    expect(error).toMatchObject({ code: 'ROLLBACK_IRREVERSIBLE', details: { names: ['3_c', '2_b'] } })
    expect(error.message).toContain('3_c has no down script; 2_b is irreversible: a mail was sent')
    expect((await refusalOf(() => planDown(to('2_b'), stateOf(), stuck))).details.names).toEqual(['3_c'])
  })
})

describe('revertAbove', () => {
  const half = (name: string, direction: 'up' | 'down') =>
    stateOf({
      progress: [{ migration: migrationName(name), direction, unit: 0, sha256: sha256(''), state: 'running' }],
    })

  test('given a way back that was begun, when its migration goes first, then it goes on', () => {
    expect(names(revertAbove(null, half('2_b', 'down'), applied))).toEqual(['2_b', '3_c', '1_a'])
  })

  test.each([
    ['the way there', half('2_b', 'up')],
    ['the way back of another migration', half('3_c', 'down')],
  ])('given %s half done, when something else would go, then it is refused', async (_, state) => {
    expect((await refusalOf(() => revertAbove(null, state, applied))).code).toBe('HALF_APPLIED')
  })
})

import type { RunId } from '../../functions/domain/types.ts'
import type { Pushables } from './interleaving-bundles.ts'
import { type Fronts, makeFronts } from './interleaving-fronts.ts'
import { makeInvariants } from './interleaving-invariants.ts'
import { spawner } from './interleaving-invoke.ts'
import { makeOperators } from './interleaving-operators.ts'
import { makeRollbackInvariants } from './interleaving-rollback-invariants.ts'
import { makeStrikes } from './interleaving-strikes.ts'
import { dataOf, makeWorld, recordsOf, type World } from './interleaving-world.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly pushables: Pushables
  /** Faults that the world does without. */
  readonly without: ReadonlySet<string>
}

/** What a seed's world came to; `broken` says what did not hold. */
export interface Outcome {
  readonly broken?: string
  readonly trace: readonly string[]
  /** How the last run ended, as state and code. */
  readonly end: string
  readonly events: number
}

/** Refusals of the last run that a restore explains. */
const afterRestore: ReadonlySet<string | undefined> = new Set(['DRIFT', 'FENCE_REGRESSION', 'TARGET_WRONG'])
/** No run may end so: these are bugs, or two writers at once. */
const never: ReadonlySet<string | undefined> = new Set(['INTERNAL', 'STEP_CONFLICT', 'FENCE_TOUCHED', 'NEEDS_OPERATOR'])

/**
 * Lets several pushes and rollbacks of a seed run into one another and into its faults until nothing happens any more, then finishes a
 * way back that stands half-way, and pushes once more without faults, looking at the invariants after every event.
 */
export async function simulate(options: SimulationOptions): Promise<Outcome> {
  let strike: World['strike'] = () => undefined
  const world = makeWorld(options, (fault) => strike(fault))
  const spawn = spawner(world)
  const fronts = makeFronts(world, spawn)
  const operators = makeOperators({ world, fronts, spawn })
  const invariants = makeInvariants(world, fronts.pushed, makeRollbackInvariants(world, operators.confirmed))
  const strikes = makeStrikes({ world, fronts, invariants })
  strike = strikes.strike
  const afterEach = (): void => {
    strikes.settle()
    invariants.look()
    fronts.dispatch()
  }
  const outcome = { trace: world.trace, events: 0 }
  try {
    pushSome(world, fronts)
    if (!options.without.has('rollbacks')) operators.come()
    await world.events.run(afterEach)
    world.faults.end()
    // A plan that is stale by the time it is confirmed is looked at again.
    for (let looks = 0; looks < mostLooks && isHalfBack(world); looks++) {
      void operators.rollBackNewest()
      await world.events.run(afterEach)
    }
    fronts.push(world.pushables.last, 0)
    const last = [...fronts.pushed.keys()].at(-1)
    await world.events.run(afterEach)
    invariants.lookAtChain()
    if (!fronts.isIdle()) throw new Error('a message is left over')
    const end = endOf(world, last)
    refuseEnds(world, strikes.restored)
    if (end === 'SUCCEEDED') invariants.lookAtEnd(strikes.restored)
    else if (strikes.restored.size === 0 || !afterRestore.has(end)) throw new Error(`the last run ended as ${end}`)
    return { ...outcome, end }
  } catch (thrown) {
    const broken = thrown instanceof Error ? thrown.message : String(thrown)
    world.tell('invariant', broken)
    return { ...outcome, end: 'broken', broken }
  }
}

const mostLooks = 5

const isHalfBack = (world: World): boolean => dataOf(world).progress.some(({ direction }) => direction === 'down')

/** Four to seven pushes within some minutes, in any order; some messages come twice. */
function pushSome({ choices, pushables }: World, fronts: Fronts): void {
  const count = Math.floor(choices.between(4, 8))
  for (let pushes = 0; pushes < count; pushes++) {
    const pushable = choices.chance(0.15) ? pushables.failing : choices.pick(pushables.growing)
    fronts.push(pushable, choices.between(0, 200_000))
    if (choices.chance(0.3)) fronts.repeat()
  }
}

function endOf(world: World, run: RunId | undefined): string {
  const record = run && recordsOf(world).runs.get(run)?.record
  if (record === undefined) return 'unknown'
  return record.state === 'SUCCEEDED' ? record.state : (record.failure?.code ?? record.state)
}

/** A run that a restored control table does not know any more, in the middle of a slice, ends as a bug would. */
const wasForgotten = (message: string): boolean => message.includes('never counted')

function refuseEnds(world: World, restored: ReadonlySet<string>): void {
  for (const { record } of recordsOf(world).runs.values()) {
    if (restored.has('control') && wasForgotten(record.failure?.message ?? '')) continue
    if (never.has(record.failure?.code)) throw new Error(`run ${record.id} ended as ${record.failure?.message}`)
  }
}

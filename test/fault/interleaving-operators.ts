import { LockstepError } from '../../functions/domain/errors.ts'
import { type Actor, isFinal, type RollbackWish } from '../../functions/domain/records.ts'
import { type RollbackPlan, runIdOfPlan } from '../../functions/domain/rollback-plan.ts'
import type { RunId } from '../../functions/domain/types.ts'
import { confirmPlan, passRelease, type RollbackFrontPorts, showPlan } from '../../functions/engine/rollback-front.ts'
import type { Deadline } from '../../functions/engine/system.ts'
import type { Fronts } from './interleaving-fronts.ts'
import { deadlineIn, type Spawn } from './interleaving-invoke.ts'
import { rollbackPorts } from './interleaving-rollback-ports.ts'
import type { World } from './interleaving-world.ts'

/** Operators who take migrations back while pushes are on their way. */
export interface Operators {
  /** The plan that each run of a rollback was confirmed with. */
  readonly confirmed: ReadonlyMap<RunId, RollbackPlan>
  /** Lets some operators come within some minutes. */
  come(): void
  /** Takes the newest migration back. */
  rollBackNewest(): Promise<void>
}

export interface OperatorParts {
  readonly world: World
  readonly fronts: Fronts
  readonly spawn: Spawn
}

/** As deployed. */
const functionMs = 60_000
/** Then an operator goes home. */
const mostAsks = 8

export function makeOperators({ world, fronts, spawn }: OperatorParts): Operators {
  const { choices, events, tell } = world
  const { target } = world.settings
  const confirmed = new Map<RunId, RollbackPlan>()
  let asked = 0

  const wait = (ms: number): Promise<void> => new Promise((resolve) => void events.at(events.nowMs() + ms, resolve))
  const actor = (): Actor => ({ kind: 'claimed', name: 'ops', requestId: `request-${++asked}` })

  /** Asks a front that may die; `gone` when no answer came, which an operator can't tell from a slow one. */
  const ask = async <Answer>(
    what: (ports: RollbackFrontPorts, deadline: Deadline) => Promise<Answer>,
  ): Promise<Answer | 'gone' | 'refused'> => {
    const front = spawn('ops')
    const gone = new Promise<'gone'>((resolve) => front.onDeath(() => resolve('gone')))
    const asking = what(rollbackPorts({ world, fronts, spawn }, front), deadlineIn(front, functionMs))
    return await Promise.race([asking.catch((thrown: unknown) => read(front.name, thrown)), gone])
  }
  const read = (name: string, thrown: unknown): 'gone' | 'refused' => {
    tell(name, `answers ${thrown instanceof Error ? thrown.message : thrown}`)
    return thrown instanceof LockstepError && !unheard.has(thrown.code) ? 'refused' : 'gone'
  }
  /** Asks until there is an answer. */
  const insist = async <Answer>(
    what: (ports: RollbackFrontPorts, deadline: Deadline) => Promise<Answer>,
  ): Promise<Answer | 'gone' | 'refused'> => {
    for (let asks = 1; asks <= mostAsks; asks++) {
      const answer = await ask(what)
      if (answer !== 'gone') return answer
      await wait(choices.between(500, 20_000))
    }
    return 'gone'
  }

  const confirm = async (wish: RollbackWish, plan: RollbackPlan): Promise<'over' | 'open'> => {
    const order = { action: 'confirm', target, wish, plan: plan.digest, actor: actor() } as const
    confirmed.set(runIdOfPlan(target, plan.digest), plan)
    // the application lives on while the run waits for its turn
    if (choices.chance(0.4)) events.at(events.nowMs() + choices.between(0, 30_000), () => world.strike('rows-moved'))
    for (let asks = 1; asks <= mostAsks; asks++) {
      // a command line that gave up reading asks again while its first front is still at it
      if (choices.chance(0.2)) void ask((ports, deadline) => confirmPlan(ports, order, deadline))
      const answer = await insist((ports, deadline) => confirmPlan(ports, order, deadline))
      if (typeof answer === 'string' || isFinal(answer.state)) return answer === 'gone' ? 'open' : 'over'
      await wait(choices.between(1_000, 60_000))
    }
    return 'open'
  }

  const rollBack = async (wish: RollbackWish, thinksMs: number): Promise<void> => {
    tell('operator', `wants to go back: ${JSON.stringify(wish)}`)
    const plan = await insist((ports, deadline) => showPlan(ports, { target, wish, actor: actor() }, deadline))
    if (typeof plan === 'string') return
    tell('operator', `sees ${plan.digest.slice(0, 12)}: ${plan.steps.map(({ migration }) => migration).join(' ')}`)
    await wait(thinksMs)
    if ((await confirm(wish, plan)) === 'open') tell('operator', 'goes home')
  }

  const letGo = async (): Promise<void> => {
    const order = { action: 'release', target, migrations: [], reason: 'mended', actor: actor() } as const
    await insist((ports, deadline) => passRelease(ports, order, deadline))
  }

  const shift = async (): Promise<void> => {
    await wait(choices.between(0, 300_000))
    await rollBack(wishOf(world), choices.pick([0, choices.between(0, 10_000), choices.between(0, 120_000)]))
    const then = choices.pick(['release', 'reapply', 'push', 'nothing'] as const)
    if (then === 'release') await letGo()
    if (then === 'reapply') fronts.push(world.pushables.last, choices.between(0, 5_000))
    if (then === 'push' || then === 'release')
      fronts.push(choices.pick(world.pushables.growing), choices.between(0, 5_000))
  }

  return {
    confirmed,
    come() {
      const count = Math.floor(choices.between(0, 5))
      for (let shifts = 0; shifts < count; shifts++) void shift()
    },
    rollBackNewest: () => rollBack({ kind: 'steps', count: 1 }, 0),
  }
}

/** What says nothing of what became of the wish. */
const unheard: ReadonlySet<string> = new Set(['AWS_UNREACHABLE', 'TARGET_UNREACHABLE'])

const wishOf = ({ choices, pushables }: World): RollbackWish =>
  choices.chance(0.5)
    ? { kind: 'steps', count: Math.floor(choices.between(1, 5)) }
    : { kind: 'to', migration: choices.pick(pushables.last.migrations) }

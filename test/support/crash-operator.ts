import { LockstepError } from '../../functions/domain/errors.ts'
import { type Actor, isFinal, type RollbackWish } from '../../functions/domain/records.ts'
import type { RunId } from '../../functions/domain/types.ts'
import { planRollback } from '../../functions/engine/plan-rollback.ts'
import { release } from '../../functions/engine/release.ts'
import { confirmPlan, passRelease, type RollbackFrontPorts, showPlan } from '../../functions/engine/rollback-front.ts'
import type { Deadline } from '../../functions/engine/system.ts'
import { deadlineIn, inRunner, type Telling } from './crash-process.ts'
import type { StoryQueue } from './crash-queue.ts'
import { ProcessDied, type TrappedProcess } from './crash-trap.ts'

const actor: Actor = { kind: 'claimed', name: 'ops', requestId: 'request-1' }
/** As deployed. */
const functionMs = 60_000
/** Far more than any story needs. */
const mostAsks = 60

/**
 * Sees the plan of a wish and confirms it, again with the same digest until the run is over.
 *
 * @returns the run
 */
export async function confirmWish(telling: Telling, queue: StoryQueue, wish: RollbackWish): Promise<RunId> {
  const { target } = telling.world
  const { digest } = await ask(telling, queue, (ports, deadline) => showPlan(ports, { target, wish, actor }, deadline))
  const order = { action: 'confirm', target, wish, actor, plan: digest } as const
  for (let asks = 1; asks <= mostAsks; asks++) {
    const { run, state } = await ask(telling, queue, (ports, deadline) => confirmPlan(ports, order, deadline))
    await queue.empty()
    if (isFinal(state)) return run
  }
  throw new Error(`not over after it was asked for ${mostAsks} times`)
}

/** Lets everything that is held back be applied again. */
export async function releaseAll(telling: Telling, queue: StoryQueue): Promise<void> {
  const { target } = telling.world
  const order = { action: 'release', target, migrations: [], reason: 'mended', actor } as const
  await ask(telling, queue, (ports, deadline) => passRelease(ports, order, deadline))
}

/** Asks the operators' front, in a process of its own; again while none answers, as an operator does. */
async function ask<Answer>(
  telling: Telling,
  queue: StoryQueue,
  what: (ports: RollbackFrontPorts, deadline: Deadline) => Promise<Answer>,
): Promise<Answer> {
  const { clock } = telling.world.ports
  for (let asks = 1; asks <= mostAsks; asks++) {
    const process = telling.trap.process()
    const deadline = deadlineIn(clock, telling.story.operatorMs ?? functionMs)
    const asking = what(portsOf(telling, queue, process), deadline).then((answer) => ({ answer }))
    const heard = await Promise.race([asking, process.died]).catch(unlessNobodyAnswered)
    if (heard !== undefined) return heard.answer
  }
  throw new Error(`no answer, asked ${mostAsks} times`)
}

function unlessNobodyAnswered(thrown: unknown): undefined {
  if (thrown instanceof ProcessDied) return
  if (thrown instanceof LockstepError && (thrown.code === 'AWS_UNREACHABLE' || thrown.code === 'TARGET_UNREACHABLE'))
    return
  throw thrown
}

const portsOf = (telling: Telling, queue: StoryQueue, process: TrappedProcess): RollbackFrontPorts => {
  const { clock, control } = telling.world.ports
  return {
    control: process.guard('rollback-control', control, 'AWS_UNREACHABLE'),
    queue: process.guard('run-queue', queue, 'AWS_UNREACHABLE'),
    askPlan: (request) => inRunner(telling, process, (ports) => planRollback(ports, request)),
    askRelease: (request) => inRunner(telling, process, (ports) => release(ports, request)),
    clock: process.clock(clock),
  }
}

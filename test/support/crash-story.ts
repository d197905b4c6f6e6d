import { isDeepStrictEqual } from 'node:util'
import { runIdOf } from '../../functions/domain/bundle-key.ts'
import type { Actor, BundleObject } from '../../functions/domain/records.ts'
import { handleDelivery } from '../../functions/engine/front.ts'
import type { Queue } from '../../functions/engine/queue.ts'
import { advance } from '../../functions/engine/run.ts'
import type { RunnerPorts } from '../../functions/engine/run-context.ts'
import type { AdvanceRequest } from '../../functions/engine/runner-contract.ts'
import { type CrashPoint, type SeenCall, setTrap, type Trap, type TrappedProcess } from './crash-trap.ts'
import type { CrashWorld, Evidence, Story } from './crash-world.ts'

const actor: Actor = { kind: 'upload', principal: 'AWS:deploy', address: '192.0.2.7' }
/** Of the queue: one that a front dies before it shortens. */
const visibilitySeconds = 960
/** Far more than any story needs. */
const mostReceives = 60

export interface Told {
  readonly evidence: Evidence
  readonly calls: readonly SeenCall[]
  readonly hasFired: boolean
}

/** Tells a story from its first push to the end of its last run, with one call that goes wrong, or none. */
export async function tell(world: CrashWorld, story: Story, point?: CrashPoint): Promise<Told> {
  const trap = setTrap(point, world.end)
  const running: Promise<unknown>[] = []
  const objects: BundleObject[] = []
  for (const texts of story.pushes) {
    const object = await world.upload(texts)
    objects.push(object)
    await deliver({ world, story, trap, running }, object)
  }
  await Promise.allSettled(running)
  const evidence = await world.evidence(objects.map(runIdOf))
  return { evidence, calls: trap.calls, hasFired: trap.hasFired() }
}

/** Says where two evidences differ; undefined when nowhere. */
export const difference = (got: Evidence, expected: Evidence): string | undefined => {
  if (isDeepStrictEqual(got, expected)) return undefined
  const keys = Object.keys(expected) as (keyof Evidence)[]
  return keys
    .filter((key) => !isDeepStrictEqual(got[key], expected[key]))
    .map((key) => `${key}: got ${JSON.stringify(got[key])}, expected ${JSON.stringify(expected[key])}`)
    .join('\n    ')
}

interface Delivery {
  readonly world: CrashWorld
  readonly story: Story
  readonly trap: Trap
  /** The runners that were invoked: one outlives the front that invoked it. */
  readonly running: Promise<unknown>[]
}

/** Delivers an upload's message as the queue does: again and again, until a front has dealt with it. */
async function deliver(delivery: Delivery, object: BundleObject): Promise<void> {
  const { world, story, trap } = delivery
  const { clock, control, random, log } = world.ports
  for (let receiveCount = 1; receiveCount <= mostReceives; receiveCount++) {
    const message = { receipt: `${object.key} ${receiveCount}`, body: object.key }
    const process = trap.process()
    const queue = oneMessage(clock)
    const ports = {
      queue: process.guard('queue', queue, 'AWS_UNREACHABLE'),
      control: process.guard('front-control', control, 'AWS_UNREACHABLE'),
      invokeRunner: (request: AdvanceRequest) => invoke(delivery, process, request),
      ...{ clock: process.clock(clock), random, log },
    }
    const endsAtMs = clock.monotonicMs() + story.invocationMs
    const deadline = { remainingMs: () => endsAtMs - clock.monotonicMs() }
    const handling = handleDelivery(ports, { message, receiveCount, object, actor }, deadline)
    const fate = await Promise.race([handling, process.died]).catch(() => 'again' as const)
    if (fate === 'done') return
    await clock.sleep(Math.min(queue.visibleInMs(), world.longestWaitMs))
  }
  throw new Error(`not done after ${mostReceives} receives`)
}

/** Invokes the runner in a process of its own; its front learns of its death at once. */
async function invoke(delivery: Delivery, front: TrappedProcess, request: AdvanceRequest) {
  const { world, trap, running } = delivery
  const { clock } = world.ports
  const process = trap.process()
  const endsAtMs = clock.monotonicMs() + request.budgetMs
  const deadline = { remainingMs: () => endsAtMs - clock.monotonicMs() }
  const slice = Promise.race([advance(guardPorts(process, world.ports), request, deadline), process.died])
  running.push(slice.catch(() => {}))
  return await Promise.race([slice, front.died])
}

/** Every port that reaches outside is guarded, whatever it is called; these are no ports to the outside. */
type Inside = 'clock' | 'random' | 'log' | 'parse' | 'openBundle'

const guardPorts = (process: TrappedProcess, ports: RunnerPorts): RunnerPorts => {
  const { clock, random, log, parse, openBundle, ...outside } = ports
  const guarded = Object.entries(outside satisfies Omit<RunnerPorts, Inside>).map(([name, port]) => {
    const fault = name === 'database' ? 'TARGET_UNREACHABLE' : 'AWS_UNREACHABLE'
    return [name, process.guard(name, port, fault)]
  })
  return { ...Object.fromEntries(guarded), clock: process.clock(clock), random, log, parse, openBundle }
}

/** The queue's side of one message that was received. */
const oneMessage = (clock: RunnerPorts['clock']): Queue & { visibleInMs(): number } => {
  let visibleAtMs = clock.monotonicMs() + visibilitySeconds * 1000
  return {
    setVisibility: async (_message, seconds) => {
      visibleAtMs = clock.monotonicMs() + seconds * 1000
    },
    copyToDeadLetters: async () => undefined,
    visibleInMs: () => Math.max(0, visibleAtMs - clock.monotonicMs()),
  }
}

import type { Actor, BundleObject } from '../../functions/domain/records.ts'
import type { RunId, TargetName } from '../../functions/domain/types.ts'
import { handleDelivery } from '../../functions/engine/front.ts'
import type { Queue, RunQueue } from '../../functions/engine/queue.ts'
import { advance } from '../../functions/engine/run.ts'
import type { AdvanceRequest } from '../../functions/engine/runner-contract.ts'
import type { Clock } from '../../functions/engine/system.ts'
import { deadlineIn, inRunner, type Telling } from './crash-process.ts'

const actor: Actor = { kind: 'upload', principal: 'AWS:deploy', address: '192.0.2.7' }
/** Of the queue: one that a front dies before it shortens. */
const visibilitySeconds = 960
/** Far more than any story needs. */
const mostReceives = 60

/** What a message tells of: an upload, or a run that another front made. */
type Content =
  | { readonly object: BundleObject; readonly actor: Actor }
  | { readonly target: TargetName; readonly run: RunId }

/** The queue of a story; each message is delivered again and again, until a front has dealt with it. */
export interface StoryQueue extends RunQueue {
  put(object: BundleObject): void
  /** Waits until every message was dealt with. @throws Error when one was not, however often it came */
  empty(): Promise<void>
}

export function storyQueue(telling: Telling): StoryQueue {
  const deliveries: Promise<void>[] = []
  const add = (content: Content, body: string): void => {
    const delivery = deliver(telling, content, body)
    delivery.catch(() => {})
    deliveries.push(delivery)
  }
  return {
    put: (object) => add({ object, actor }, object.key),
    enqueue: async (target, run) => add({ target, run }, run),
    empty: async () => {
      while (deliveries.length > 0) await deliveries.shift()
    },
  }
}

async function deliver(telling: Telling, content: Content, body: string): Promise<void> {
  const { world, story, trap } = telling
  const { clock, control, random, log } = world.ports
  for (let receiveCount = 1; receiveCount <= mostReceives; receiveCount++) {
    const message = { receipt: `${body} ${receiveCount}`, body }
    const process = trap.process()
    const queue = oneMessage(clock)
    const ports = {
      queue: process.guard('queue', queue, 'AWS_UNREACHABLE'),
      control: process.guard('front-control', control, 'AWS_UNREACHABLE'),
      invokeRunner: (request: AdvanceRequest) =>
        inRunner(telling, process, (given) => advance(given, request, deadlineIn(clock, request.budgetMs))),
      ...{ clock: process.clock(clock), random, log },
    }
    const deadline = deadlineIn(clock, story.invocationMs)
    const handling = handleDelivery(ports, { message, receiveCount, ...content }, deadline)
    const fate = await Promise.race([handling, process.died]).catch(() => 'again' as const)
    if (fate === 'done') return
    await clock.sleep(Math.min(queue.visibleInMs(), world.longestWaitMs))
  }
  throw new Error(`not done after ${mostReceives} receives`)
}

/** The queue's side of one message that was received. */
const oneMessage = (clock: Clock): Queue & { visibleInMs(): number } => {
  let visibleAtMs = clock.monotonicMs() + visibilitySeconds * 1000
  return {
    setVisibility: async (_message, seconds) => {
      visibleAtMs = clock.monotonicMs() + seconds * 1000
    },
    copyToDeadLetters: async () => undefined,
    visibleInMs: () => Math.max(0, visibleAtMs - clock.monotonicMs()),
  }
}

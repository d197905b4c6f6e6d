import { runIdOf } from '../../functions/domain/bundle-key.ts'
import type { Actor, BundleObject } from '../../functions/domain/records.ts'
import type { RunId, TargetName } from '../../functions/domain/types.ts'
import { type FrontPorts, handleDelivery } from '../../functions/engine/front.ts'
import { advance } from '../../functions/engine/run.ts'
import type { AdvanceRequest, RunnerAnswer } from '../../functions/engine/runner-contract.ts'
import type { Pushable } from './interleaving-bundles.ts'
import { call } from './interleaving-call.ts'
import { deadlineIn, invoke, type Spawn } from './interleaving-invoke.ts'
import { controlOf } from './interleaving-ports.ts'
import type { Process } from './interleaving-process.ts'
import type { World } from './interleaving-world.ts'

/** The queue and its fronts: three at once, each with a runner of its own. */
export interface Fronts {
  /** What each run was pushed with. */
  readonly pushed: ReadonlyMap<RunId, Pushable>
  /** Puts an upload's message into the queue after so many ms. */
  push(pushable: Pushable, inMs: number): void
  /** Puts the message of a run that another front made into the queue. */
  enqueue(run: RunId): void
  /** Delivers some earlier message once more, whatever became of it. */
  repeat(): void
  /** Starts a front for each visible message, as long as one is free. */
  dispatch(): void
  isIdle(): boolean
}

type Content =
  | { readonly object: BundleObject; readonly actor: Actor }
  | { readonly target: TargetName; readonly run: RunId }

interface Message {
  readonly content: Content
  readonly body: string
  visibleAtMs: number
  receives: number
}

const mostFronts = 3
const queueVisibilityMs = 960_000
const actor: Actor = { kind: 'upload', principal: 'AWS:deploy', address: '192.0.2.7' }

export function makeFronts(world: World, spawn: Spawn): Fronts {
  const { events, choices, tell } = world
  const pushed = new Map<RunId, Pushable>()
  const messages = new Set<Message>()
  const sent: Message[] = []
  let busy = 0

  const showAt = (message: Message, ms: number): void => {
    message.visibleAtMs = events.nowMs() + ms
    events.at(message.visibleAtMs, () => undefined)
  }
  const add = (content: Content, inMs: number): void => {
    const body = 'object' in content ? content.object.key : content.run
    const message = { content, body, visibleAtMs: 0, receives: 0 }
    messages.add(message)
    sent.push(message)
    showAt(message, inMs)
  }

  const receive = (message: Message): void => {
    busy += 1
    message.receives += 1
    showAt(message, queueVisibilityMs)
    const front = spawn('front')
    tell(front.name, `receives ${message.body}`)
    const free = (what: string): void => {
      busy -= 1
      tell(front.name, what)
    }
    front.onDeath(() => free('is gone'))
    const delivery = {
      message: { receipt: message.body, body: message.body },
      receiveCount: message.receives,
      ...message.content,
    }
    const deadline = deadlineIn(front, choices.pick([30_000, 90_000, 900_000]))
    handleDelivery(frontPorts(world, { front, message, showAt, spawn }), delivery, deadline).then(
      (fate) => {
        if (!front.isAlive()) return
        if (fate === 'done') messages.delete(message)
        free(`answers ${fate}`)
      },
      (thrown: unknown) => {
        if (front.isAlive()) free(`fails: ${thrown instanceof Error ? thrown.message : thrown}`)
      },
    )
  }

  return {
    pushed,
    push(pushable, inMs) {
      const name = `${pushable.title}#${pushed.size + 1}`
      const object = { bucket: 'bundles', key: `bundles/${world.settings.target}/${name}.zip`, etag: name }
      pushed.set(runIdOf(object), pushable)
      tell('pipeline', `pushes ${name} as ${runIdOf(object)}`)
      add({ object, actor }, inMs)
    },
    enqueue: (run) => add({ target: world.settings.target, run }, 0),
    repeat() {
      add(choices.pick(sent).content, choices.between(0, 120_000))
    },
    dispatch() {
      while (busy < mostFronts) {
        const visible = [...messages].filter(({ visibleAtMs }) => visibleAtMs <= events.nowMs())
        if (visible.length === 0) return
        receive(choices.pick(visible))
      }
    },
    isIdle: () => busy === 0 && messages.size === 0,
  }
}

interface FrontParts {
  readonly front: Process
  readonly message: Message
  readonly showAt: (message: Message, ms: number) => void
  readonly spawn: Spawn
}

function frontPorts(world: World, { front, message, showAt, spawn }: FrontParts): FrontPorts {
  const { clock, random } = front
  return {
    clock,
    random,
    control: controlOf(world, front),
    queue: {
      setVisibility: (_, seconds) =>
        call(world, {
          ...{ process: front, name: `setVisibility ${seconds}`, port: 'aws' },
          effect: async () => showAt(message, seconds * 1000),
        }),
      copyToDeadLetters: () =>
        call(world, { process: front, name: 'copyToDeadLetters', port: 'aws', effect: async () => undefined }),
    },
    invokeRunner: (request) => advanceIn(world, { front, runner: spawn('runner'), request }),
    log: { info: () => undefined, warn: (text) => world.tell(front.name, `warns: ${text}`) },
  }
}

interface Advance {
  readonly front: Process
  readonly runner: Process
  readonly request: AdvanceRequest
}

const advanceIn = (world: World, { front, runner, request }: Advance): Promise<RunnerAnswer> =>
  invoke(world, {
    ...{ front, runner, what: `advances ${request.run}` },
    work: (ports) => advance(ports, request, deadlineIn(runner, request.budgetMs)),
    show: (answer) =>
      'state' in answer ? `${answer.kind} ${answer.state} ${answer.failure?.message ?? ''}` : answer.kind,
  })

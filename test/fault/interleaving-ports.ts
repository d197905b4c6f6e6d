import { LockstepError } from '../../functions/domain/errors.ts'
import type { ControlStore } from '../../functions/engine/control-store.ts'
import type { RunnerPorts } from '../../functions/engine/run-context.ts'
import type { LockTry, TargetSession } from '../../functions/engine/target-database.ts'
import { call } from './interleaving-call.ts'
import type { Process } from './interleaving-process.ts'
import { parse, sessionsOf, type World } from './interleaving-world.ts'

type Method = (...args: unknown[]) => Promise<unknown>

/** The control store as one process reaches it. */
export const controlOf = (world: World, process: Process): ControlStore =>
  wrapped<ControlStore>(world.control, (name, effect) => call(world, { process, name, port: 'aws', effect }))

/** Everything that a runner touches, as one process reaches it. */
export function runnerPorts(world: World, process: Process): RunnerPorts {
  const { growing, failing, last } = world.pushables
  const known = [...growing, failing, last]
  const found = (test: (pushable: (typeof known)[number]) => boolean) => {
    const pushable = known.find(test)
    if (pushable === undefined) throw new Error('this was never pushed')
    return pushable
  }
  return {
    bundles: {
      fetch: ({ key }) =>
        call(world, {
          ...{ process, name: 'fetch', port: 'aws' },
          effect: async () => found(({ title }) => key.includes(`/${title}#`)).bytes,
        }),
      put: () => Promise.reject(new Error('a runner puts nothing')),
    },
    openBundle: async (bytes) => found((pushable) => pushable.bytes === bytes).opened,
    control: controlOf(world, process),
    database: {
      connect: async (settings, token) =>
        await call(world, {
          ...{ process, name: `connect ${token}`, port: 'target' },
          effect: async () => sessionOf(world, process, await world.database.connect(settings, token)),
        }),
    },
    parse,
    clock: process.clock,
    random: process.random,
    log: { info: () => undefined, warn: (message) => world.tell(process.name, `warns: ${message}`) },
    observe: () => undefined,
  }
}

/** A vanished client is noticed by the server after so long, when nobody ended its session before. */
const keepaliveMs = 10 * 60 * 1000

/** A session as its process reaches it: calls take turns, and what breaks once stays broken. */
function sessionOf(world: World, process: Process, raw: TargetSession): TargetSession {
  const { promise: over, reject: end } = Promise.withResolvers<never>()
  over.catch(() => undefined)
  let isOver = false
  let last: Promise<unknown> = Promise.resolve()
  const unreachable = () => new LockstepError('TARGET_UNREACHABLE', 'the session is over')

  const leave = (): void => {
    isOver = true
    end(unreachable())
    raw.leave()
  }
  // The server learns at once that its client is gone, or not before long: then the session lives on, idle, with its lock.
  const broken = (): void => {
    if (isOver) return
    const noticedInMs = world.choices.chance(0.6) ? 0 : keepaliveMs
    isOver = true
    end(unreachable())
    if (noticedInMs === 0) raw.leave()
    else world.events.at(world.events.nowMs() + noticedInMs, raw.leave)
  }
  process.onDeath(broken)
  const send = (name: string, effect: () => Promise<unknown>) =>
    call(world, {
      ...{ process, name, port: 'target', broken },
      effect: async () => {
        if (isOver) throw unreachable()
        return await effect()
      },
    })
  const inTurn = (name: string, effect: () => Promise<unknown>): Promise<unknown> => {
    const turn = last.then(() => Promise.race([send(name, effect), over]))
    last = turn.catch(() => undefined)
    return turn
  }

  const runAlone: TargetSession['runUnit'] = async (order, unit) => {
    world.alone.add(raw.backend.pid)
    await raw.runUnit(order, unit).finally(() => {
      // The server works on for a session that was left, and ends it then.
      if (!isOver) world.alone.delete(raw.backend.pid)
    })
  }

  const calls = wrapped<TargetSession>(raw, inTurn)
  return {
    ...calls,
    backend: raw.backend,
    leave,
    tryLock: () => inTurn('tryLock', () => tryLock(world, raw)) as Promise<LockTry>,
    runUnit: (order, unit) => inTurn('runUnit', () => runAlone(order, unit)) as Promise<void>,
    interrupt: () => send('interrupt', () => raw.interrupt()) as Promise<void>,
    [Symbol.asyncDispose]: async () => {
      if (isOver) return
      await inTurn('close', async () => await raw[Symbol.asyncDispose]()).catch(leave)
    },
  }
}

/** A lock that does not keep others out is overlooked, but never while its holder runs a statement alone: it is the safety there. */
function tryLock({ alone, lockless, ...world }: World, raw: TargetSession): Promise<LockTry> {
  const overlooked = sessionsOf({ alone, lockless, ...world }).filter(
    ({ pid, holdsLock }) => holdsLock && lockless.has(pid) && !alone.has(pid) && pid !== raw.backend.pid,
  )
  for (const session of overlooked) session.holdsLock = false
  return raw.tryLock()
}

const wrapped = <Port extends object>(
  port: Port,
  send: (name: string, effect: () => Promise<unknown>) => Promise<unknown>,
): Port => {
  const methods = Object.entries(port).filter((entry): entry is [string, Method] => typeof entry[1] === 'function')
  return Object.fromEntries(
    methods.map(([name, method]) => [name, (...args: unknown[]) => send(name, () => method(...args))]),
  ) as Port
}

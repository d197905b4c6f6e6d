import { LockstepError } from '../../functions/domain/errors.ts'
import type { Fault } from './interleaving-faults.ts'
import type { Process } from './interleaving-process.ts'
import type { World } from './interleaving-world.ts'

/** One call of a port by a process. */
export interface Call<T> {
  readonly process: Process
  readonly name: string
  readonly port: 'aws' | 'target'
  readonly effect: () => Promise<T>
  /** Told when the connection breaks under the call. */
  readonly broken?: () => void
}

/** How long a caller waits for an answer that never comes. */
const timeoutMs = 5_000
/** A statement may run long; its connection can break at any time meanwhile. */
const longestUntilBreakMs = 60_000

/**
 * Makes a call as a process over a network does: the request leaves some time later, takes effect, and the answer comes some time
 * after that. Each of the three is a scheduling point, and a fault may happen at each. A process that died gets no answer.
 */
export async function call<T>(world: World, { process, name, port, effect, broken }: Call<T>): Promise<T> {
  const fault = world.faults.draw()
  const latency = (): Promise<void> => process.turn(latencyMs(world))
  const lose = async (ms: number): Promise<never> => {
    broken?.()
    await process.turn(ms)
    throw new LockstepError(port === 'aws' ? 'AWS_UNREACHABLE' : 'TARGET_UNREACHABLE', `${name}: no answer came`)
  }
  if (fault !== undefined) world.tell(process.name, `${name}: ${fault}`)
  if (fault === 'pause-before') pause(world, process)
  await latency()
  if (fault === 'crash-before') process.crash()
  if (fault === 'request-lost') return await lose(timeoutMs)
  await latency()
  if (fault !== undefined && !isOfCall(fault)) world.strike(fault)
  if (fault === 'lock-lost') {
    pause(world, process)
    await latency()
  }

  const outcome = effect()
  outcome.catch(() => undefined)
  if (fault === 'crash-after') process.crash()
  if (fault === 'answer-lost') {
    const waitMs = port === 'aws' ? timeoutMs : world.choices.between(0, longestUntilBreakMs)
    await Promise.race([outcome.catch(() => undefined), process.turn(waitMs)])
    return await lose(timeoutMs)
  }
  let answer = await settled(outcome)
  if (fault === 'repeated' && port === 'aws') {
    await process.turn(world.choices.between(0, timeoutMs))
    answer = await settled(effect())
  }
  if (fault === 'pause-after') pause(world, process)
  await latency()
  world.tell(process.name, `${name}: ${show(answer)}`)
  if ('thrown' in answer) throw answer.thrown
  return answer.value
}

const callFaults: ReadonlySet<Fault> = new Set<Fault>([
  'pause-before',
  'pause-after',
  'request-lost',
  'answer-lost',
  'repeated',
  'crash-before',
  'crash-after',
])
const isOfCall = (fault: Fault): boolean => callFaults.has(fault)

/** Mostly some milliseconds; now and then seconds. */
const latencyMs = ({ choices }: World): number => choices.between(1, choices.chance(0.03) ? 3_000 : 30)

function pause({ faults, choices, tell }: World, process: Process): void {
  const ms = faults.pauseMs()
  const clock = choices.pick(['runs', 'stands'] as const)
  tell(process.name, `stops for ${(ms / 1000).toFixed(1)} s, its clock ${clock}`)
  process.pause(ms, clock)
}

type Settled<T> = { readonly value: T } | { readonly thrown: unknown }

const settled = <T>(outcome: Promise<T>): Promise<Settled<T>> =>
  outcome.then(
    (value) => ({ value }),
    (thrown: unknown) => ({ thrown }),
  )

function show<T>(answer: Settled<T>): string {
  if ('thrown' in answer) return answer.thrown instanceof Error ? answer.thrown.message : String(answer.thrown)
  const { value } = answer
  if (typeof value !== 'object' || value === null) return String(value ?? 'ok')
  const told = [
    'kind',
    'granted',
    'lockState',
    'state',
    'token',
    'revision',
    'seq',
    'from',
    'key',
    'outcome',
    'migration',
  ]
  const shown = told.flatMap((name) => {
    const member: unknown = (value as Record<string, unknown>)[name]
    return member === undefined ? [] : [`${name}=${typeof member === 'object' ? JSON.stringify(member) : member}`]
  })
  return shown.length === 0 ? 'ok' : shown.join(' ')
}

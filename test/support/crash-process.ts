import type { RunnerPorts } from '../../functions/engine/run-context.ts'
import type { Clock, Deadline } from '../../functions/engine/system.ts'
import type { Trap, TrappedProcess } from './crash-trap.ts'
import type { CrashWorld, Story } from './crash-world.ts'

/** A story that is being told. */
export interface Telling {
  readonly world: CrashWorld
  readonly story: Story
  readonly trap: Trap
  /** The runners that were invoked: one outlives the front that invoked it. */
  readonly running: Promise<unknown>[]
}

/** Lets a runner work in a process of its own; its front learns of its death at once. */
export async function inRunner<Answer>(
  { world, trap, running }: Telling,
  front: TrappedProcess,
  work: (ports: RunnerPorts) => Promise<Answer>,
): Promise<Answer> {
  const process = trap.process()
  const working = Promise.race([work(guardPorts(process, world.ports)), process.died])
  running.push(working.catch(() => {}))
  return await Promise.race([working, front.died])
}

/** So many milliseconds from now. */
export const deadlineIn = (clock: Clock, ms: number): Deadline => {
  const endsAtMs = clock.monotonicMs() + ms
  return { remainingMs: () => endsAtMs - clock.monotonicMs() }
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

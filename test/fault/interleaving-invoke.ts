import type { RunnerPorts } from '../../functions/engine/run-context.ts'
import type { Deadline } from '../../functions/engine/system.ts'
import { runnerPorts } from './interleaving-ports.ts'
import { type Process, simulatedProcess } from './interleaving-process.ts'
import type { World } from './interleaving-world.ts'

export type Spawn = (kind: string) => Process

/** Names processes by their kind and a number, and tells of their deaths. */
export function spawner({ events, choices, tell }: World): Spawn {
  let processes = 0
  return (kind) => {
    const process = simulatedProcess(`${kind} ${++processes}`, events, choices)
    process.onDeath(() => tell(process.name, 'dies'))
    return process
  }
}

/** What a front asks of a runner, in words, and what the runner does for it. */
export interface Invocation<Answer> {
  readonly front: Process
  readonly runner: Process
  readonly what: string
  readonly work: (ports: RunnerPorts) => Promise<Answer>
  readonly show: (answer: Answer) => string
}

/** A runner that dies is noticed at once; one whose front died goes on by itself. */
export function invoke<Answer>(world: World, { front, runner, what, work, show }: Invocation<Answer>): Promise<Answer> {
  world.tell(runner.name, `${what} for ${front.name}`)
  return new Promise((resolve, reject) => {
    const back = (act: () => void): void => void front.wake(1, act)
    runner.onDeath(() => back(() => reject(new Error('the runner died'))))
    work(runnerPorts(world, runner)).then(
      (answer) => {
        world.tell(runner.name, `answers ${show(answer)}`)
        back(() => resolve(answer))
      },
      (thrown: unknown) => {
        world.tell(runner.name, `fails: ${thrown instanceof Error ? thrown.message : thrown}`)
        back(() => reject(thrown))
      },
    )
  })
}

export const deadlineIn = ({ clock }: Process, ms: number): Deadline => {
  const endsAtMs = clock.monotonicMs() + ms
  return { remainingMs: () => endsAtMs - clock.monotonicMs() }
}

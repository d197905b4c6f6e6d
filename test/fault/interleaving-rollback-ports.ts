import { planRollback } from '../../functions/engine/plan-rollback.ts'
import { release } from '../../functions/engine/release.ts'
import type { RollbackFrontPorts } from '../../functions/engine/rollback-front.ts'
import { call } from './interleaving-call.ts'
import { invoke } from './interleaving-invoke.ts'
import type { OperatorParts } from './interleaving-operators.ts'
import { controlOf } from './interleaving-ports.ts'
import type { Process } from './interleaving-process.ts'

/** Everything that the operators' front touches, as one process of it reaches it. */
export const rollbackPorts = ({ world, fronts, spawn }: OperatorParts, front: Process): RollbackFrontPorts => ({
  control: controlOf(world, front),
  queue: {
    enqueue: (_, run) =>
      call(world, {
        ...{ process: front, name: `enqueue ${run}`, port: 'aws' },
        effect: async () => fronts.enqueue(run),
      }),
  },
  askPlan: (request) =>
    invoke(world, {
      ...{ front, runner: spawn('runner'), what: 'plans a rollback' },
      work: (ports) => planRollback(ports, request),
      show: ({ digest }) => digest.slice(0, 12),
    }),
  askRelease: (request) =>
    invoke(world, {
      ...{ front, runner: spawn('runner'), what: 'releases' },
      work: (ports) => release(ports, request),
      show: ({ released }) => released.join(' '),
    }),
  clock: front.clock,
})

import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import type { RollbackPlan } from '../domain/rollback-plan.ts'
import type { FunctionAnswer } from '../edge/answer.ts'
import { composeRunner, makeLogger } from '../edge/compose.ts'
import { readRunnerConfig } from '../edge/config.ts'
import { parseRunnerRequest } from '../edge/events.ts'
import { makeMetrics } from '../edge/metrics.ts'
import { answerFailures, logContext } from '../edge/middleware.ts'
import { measuresOfObservation, measuresOfReconcile, measuresOfSlice } from '../edge/runner-measures.ts'
import { kept } from '../engine/kept.ts'
import { planRollback } from '../engine/plan-rollback.ts'
import { reconcile } from '../engine/reconcile.ts'
import { release } from '../engine/release.ts'
import { advance } from '../engine/run.ts'
import type {
  KeptAnswer,
  ReconcileAnswer,
  ReleaseAnswer,
  RunnerAnswer,
  RunnerRequest,
  UnlockAnswer,
} from '../engine/runner-contract.ts'
import type { Deadline } from '../engine/system.ts'
import { unlock } from '../engine/unlock.ts'

const logger = makeLogger('lockstep-runner')
const config = readRunnerConfig()
const publish = makeMetrics(config.deployment)
const ports = await composeRunner(config, logger, (target, what, value) =>
  publish(target, measuresOfObservation(what, value)),
)

type Answer = RunnerAnswer | RollbackPlan | ReleaseAnswer | UnlockAnswer | ReconcileAnswer | KeptAnswer

const run = async (event: unknown, context: Context): Promise<FunctionAnswer<Answer>> => {
  const request = parseRunnerRequest(event)
  const { action, target } = request
  logger.appendKeys({ action, target, ...(action === 'advance' && { run: request.run }) })
  const endsAtMs = ports.clock.monotonicMs() + Math.min(request.budgetMs, context.getRemainingTimeInMillis())
  return { ok: true, answer: await fulfil(request, { remainingMs: () => endsAtMs - ports.clock.monotonicMs() }) }
}

const fulfil = async (request: RunnerRequest, deadline: Deadline): Promise<Answer> => {
  switch (request.action) {
    case 'advance': {
      const answer = await advance(ports, request, deadline)
      publish(request.target, measuresOfSlice(answer))
      return answer
    }
    case 'plan-rollback':
      return await planRollback(ports, request)
    case 'release':
      return await release(ports, request)
    case 'unlock':
      return await unlock(ports, request, deadline)
    case 'kept-list':
    case 'kept-drop':
      return await kept(ports, request)
    case 'reconcile': {
      const answer = await reconcile(ports, request)
      publish(request.target, measuresOfReconcile(answer))
      return answer
    }
  }
}

/** The one function that may speak to PostgreSQL: brings a run forward by one slice, or does what an operator wants. */
export const handler = middy<unknown, FunctionAnswer<unknown>>()
  .use(logContext(logger))
  .use(answerFailures())
  .handler(run)

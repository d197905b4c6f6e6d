import { logMetrics } from '@aws-lambda-powertools/metrics/middleware'
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import type { FunctionAnswer } from '../edge/answer.ts'
import { composeRunner, makeLogger } from '../edge/compose.ts'
import { readRunnerConfig } from '../edge/config.ts'
import { parseRunnerRequest } from '../edge/events.ts'
import { countAnswer, makeMetrics } from '../edge/metrics.ts'
import { answerFailures, logContext } from '../edge/middleware.ts'
import { advance } from '../engine/run.ts'
import type { RunnerAnswer } from '../engine/runner-contract.ts'

const logger = makeLogger('lockstep-runner')
const metrics = makeMetrics('lockstep-runner')
const ports = await composeRunner(readRunnerConfig(), logger)

const run = async (event: unknown, context: Context): Promise<FunctionAnswer<RunnerAnswer>> => {
  const request = parseRunnerRequest(event)
  logger.appendKeys({ target: request.target, run: request.run })
  const endsAtMs = ports.clock.monotonicMs() + Math.min(request.budgetMs, context.getRemainingTimeInMillis())
  const deadline = { remainingMs: () => endsAtMs - ports.clock.monotonicMs() }
  const answer = await advance(ports, request, deadline)
  countAnswer(metrics, request.target, answer)
  return { ok: true, answer }
}

/** The one function that may speak to PostgreSQL: brings a run forward by one slice. */
export const handler = middy<unknown, FunctionAnswer<unknown>>()
  .use(logContext(logger))
  .use(logMetrics(metrics))
  .use(answerFailures())
  .handler(run)

import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import type { RollbackPlan } from '../domain/rollback-plan.ts'
import { requireAlias } from '../edge/alias.ts'
import type { FunctionAnswer } from '../edge/answer.ts'
import { composeRollback, makeLogger } from '../edge/compose.ts'
import { readRollbackConfig } from '../edge/config.ts'
import { parseRollbackOrder } from '../edge/events.ts'
import { answerFailures, logContext } from '../edge/middleware.ts'
import {
  confirmPlan,
  passRelease,
  type RollbackAnswer,
  type RollbackOrder,
  showPlan,
} from '../engine/rollback-front.ts'
import type { ReleaseAnswer } from '../engine/runner-contract.ts'
import type { Deadline } from '../engine/system.ts'

const logger = makeLogger('lockstep-rollback')
const ports = composeRollback(readRollbackConfig())

type Answer = RollbackPlan | RollbackAnswer | ReleaseAnswer

const answer = async (event: unknown, context: Context): Promise<FunctionAnswer<Answer>> => {
  const order = parseRollbackOrder(event, context.awsRequestId)
  requireAlias(context.invokedFunctionArn, order.target)
  const deadline = { remainingMs: () => context.getRemainingTimeInMillis() }
  logger.warn('an operator asks', { order })
  return { ok: true, answer: await fulfil(order, deadline) }
}

const fulfil = async (order: RollbackOrder, deadline: Deadline): Promise<Answer> => {
  switch (order.action) {
    case 'plan':
      return await showPlan(ports, order, deadline)
    case 'confirm':
      return await confirmPlan(ports, order, deadline)
    case 'release':
      return await passRelease(ports, order, deadline)
  }
}

/** The operators' way back: shows a rollback's plan, and starts the one that they confirm. It has no way to the database. */
export const handler = middy<unknown, FunctionAnswer<unknown>>()
  .use(logContext(logger))
  .use(answerFailures())
  .handler(answer)

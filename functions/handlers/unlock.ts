import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { requireAlias } from '../edge/alias.ts'
import type { FunctionAnswer } from '../edge/answer.ts'
import { composeUnlock, makeLogger } from '../edge/compose.ts'
import { readUnlockConfig } from '../edge/config.ts'
import { parseOperatorRequest } from '../edge/events.ts'
import { answerFailures, logContext } from '../edge/middleware.ts'
import type { OperatorAnswer } from '../engine/runner-contract.ts'

const logger = makeLogger('lockstep-unlock')
const invokeRunner = composeUnlock(readUnlockConfig())

/** What this function needs after the runner answered; a function with a short timeout keeps a tenth instead. */
const answerReserveMs = 10_000
const answerReserveShare = 0.1

const answer = async (event: unknown, context: Context): Promise<FunctionAnswer<OperatorAnswer>> => {
  const remainingMs = context.getRemainingTimeInMillis()
  const budgetMs = Math.floor(remainingMs - Math.min(answerReserveMs, remainingMs * answerReserveShare))
  const request = parseOperatorRequest(event, { requestId: context.awsRequestId, budgetMs })
  requireAlias(context.invokedFunctionArn, request.target)
  logger.warn('an operator asks', { request })
  return { ok: true, answer: await invokeRunner(request) }
}

/** The operators' front: break-glass on a target's lock, reconciling, and what is kept. It has no right but to ask the runner. */
export const handler = middy<unknown, FunctionAnswer<unknown>>()
  .use(logContext(logger))
  .use(answerFailures())
  .handler(answer)

import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { requireAlias } from '../edge/alias.ts'
import type { FunctionAnswer } from '../edge/answer.ts'
import { composeStatus, makeLogger } from '../edge/compose.ts'
import { readStatusConfig } from '../edge/config.ts'
import { parseStatusQuestion } from '../edge/events.ts'
import { answerFailures, logContext } from '../edge/middleware.ts'
import { readStatus, type StatusAnswer } from '../engine/status.ts'

const logger = makeLogger('lockstep-status')
const control = composeStatus(readStatusConfig())

const answer = async (event: unknown, context: Context): Promise<FunctionAnswer<StatusAnswer>> => {
  const question = parseStatusQuestion(event)
  requireAlias(context.invokedFunctionArn, question.target)
  return { ok: true, answer: await readStatus(control, question) }
}

/** Tells the state of a target or a run; reads DynamoDB, changes nothing. */
export const handler = middy<unknown, FunctionAnswer<unknown>>()
  .use(logContext(logger))
  .use(answerFailures())
  .handler(answer)

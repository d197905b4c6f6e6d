import type { Logger } from '@aws-lambda-powertools/logger'
import type { MiddlewareObj } from '@middy/core'
import type { Context } from 'aws-lambda'
import { asLockstepError, toFailure } from '../domain/errors.ts'
import type { FunctionAnswer } from './answer.ts'

type Middleware<Answer = unknown> = MiddlewareObj<unknown, Answer, Error, Context>

/** Gives every log line of an invocation its context (function, request id, cold start), and takes it away afterwards. */
export const logContext = (logger: Logger): Middleware => ({
  before: ({ context }) => {
    logger.addContext(context)
  },
  after: () => {
    logger.resetKeys()
  },
  onError: ({ error }) => {
    logger.error('invocation failed', error ?? 'unknown error')
    logger.resetKeys()
  },
})

/** Answers expected errors as data; a bug stays an error, so that Lambda counts it. */
export const answerFailures = (): Middleware<FunctionAnswer<unknown>> => ({
  onError: (request) => {
    const error = asLockstepError(request.error)
    if (error.kind !== 'bug') request.response = { ok: false, failure: toFailure(error) }
  },
})

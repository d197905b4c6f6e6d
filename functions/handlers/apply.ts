import middy from '@middy/core'
import type { Context, SQSBatchResponse } from 'aws-lambda'
import { asLockstepError } from '../domain/errors.ts'
import { composeFront, makeLogger } from '../edge/compose.ts'
import { readApplyConfig } from '../edge/config.ts'
import { parseDeliveries, parseQueueEvent, type QueueMessage } from '../edge/events.ts'
import { logContext } from '../edge/middleware.ts'
import { handleDelivery, type MessageFate } from '../engine/front.ts'
import type { Deadline } from '../engine/system.ts'

const logger = makeLogger('lockstep-apply')
const config = readApplyConfig()
const ports = composeFront(config, logger)

const receive = async (event: unknown, context: Context): Promise<SQSBatchResponse> => {
  const deadline = { remainingMs: () => context.getRemainingTimeInMillis() }
  const failed: string[] = []
  for (const message of parseQueueEvent(event)) {
    if ((await handleMessage(message, deadline)) === 'again') failed.push(message.messageId)
  }
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) }
}

/** A message is done when each of its runs is; what can't be read is kept as a dead letter. */
async function handleMessage(received: QueueMessage, deadline: Deadline): Promise<MessageFate> {
  const message = { receipt: received.receiptHandle, body: received.body }
  const receiveCount = received.attributes.ApproximateReceiveCount
  try {
    const fates: MessageFate[] = []
    for (const delivery of parseDeliveries(received.body, config.bundleBucket)) {
      fates.push(await handleDelivery(ports, { ...delivery, message, receiveCount }, deadline))
    }
    return fates.includes('again') ? 'again' : 'done'
  } catch (thrown) {
    const error = asLockstepError(thrown)
    if (error.kind !== 'usage') throw thrown
    logger.error('message is neither an upload of a bundle nor a run', { code: error.code, reason: error.message })
    await ports.queue.copyToDeadLetters(message)
    return 'done'
  }
}

/** The queue's front: carries each upload to the runner, and its answer back to the queue. */
export const handler = middy<unknown, SQSBatchResponse>().use(logContext(logger)).handler(receive)

import * as z from 'zod'
import { asLockstepError, LockstepError } from '../domain/errors.ts'

/** What CloudFormation asks of a custom resource. */
export type ResourceAct = 'make' | 'delete'

const envelope = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  ResponseURL: z.url(),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  PhysicalResourceId: z.string().optional(),
})

/** CloudFormation takes 4 kB of an answer. */
const longestReason = 1_000

/**
 * Does what CloudFormation asks, and answers it, whatever happens: without an answer a deploy waits for an hour.
 *
 * @throws LockstepError EVENT_INVALID for an event with nobody to answer; AWS_UNREACHABLE when the answer can't be sent
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
 */
export async function answerCloudFormation(
  event: unknown,
  perform: (act: ResourceAct) => Promise<void>,
): Promise<void> {
  const parsed = envelope.safeParse(event)
  if (!parsed.success) throw new LockstepError('EVENT_INVALID', 'expected an event of CloudFormation')
  const { RequestType, ResponseURL, PhysicalResourceId, ...ids } = parsed.data
  const failure = await attempt(() => perform(RequestType === 'Delete' ? 'delete' : 'make'))
  const body = JSON.stringify({
    ...ids,
    // one that changed would be taken for another resource, and the old one deleted
    PhysicalResourceId: PhysicalResourceId ?? ids.LogicalResourceId,
    Status: failure === undefined ? 'SUCCESS' : 'FAILED',
    ...(failure !== undefined && { Reason: failure.slice(0, longestReason) }),
  })
  // the URL is signed for a request without a content type
  const answer = await fetch(ResponseURL, { method: 'PUT', body, headers: { 'content-type': '' } }).catch((cause) => {
    throw new LockstepError('AWS_UNREACHABLE', 'CloudFormation could not be answered', { cause })
  })
  if (!answer.ok) throw new LockstepError('AWS_UNREACHABLE', `CloudFormation refused the answer: ${answer.status}`)
}

const attempt = async (act: () => Promise<void>): Promise<string | undefined> => {
  try {
    await act()
    return undefined
  } catch (thrown) {
    if (thrown instanceof z.ZodError) return `the target is wrong: ${z.prettifyError(thrown)}`
    const { code, message, hint } = asLockstepError(thrown)
    return `${code}: ${message}; ${hint}`
  }
}

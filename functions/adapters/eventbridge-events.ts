import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { LockstepError } from '../domain/errors.ts'
import type { EventPublisher } from '../engine/archive.ts'

/** PutEvents takes ten entries at most. */
const maxEntries = 10

/** Publishes to an EventBridge bus, with `lockstep` as the source. */
export const eventBridgeEvents = (client: EventBridgeClient, busName: string): EventPublisher => ({
  async publish(events) {
    for (let start = 0; start < events.length; start += maxEntries) {
      const entries = events.slice(start, start + maxEntries).map(({ type, detail }) => ({
        EventBusName: busName,
        Source: 'lockstep',
        DetailType: type,
        Detail: JSON.stringify(detail),
      }))
      const answer = await client.send(new PutEventsCommand({ Entries: entries })).catch((cause: unknown) => {
        throw new LockstepError(
          'AWS_UNREACHABLE',
          `the event bus did not answer: ${cause instanceof Error ? cause.message : cause}`,
          {
            cause,
          },
        )
      })
      const refused = answer.Entries?.find((entry) => entry.ErrorCode !== undefined)
      if (refused !== undefined) {
        throw new LockstepError(
          'AWS_UNREACHABLE',
          `the event bus refused an event: ${refused.ErrorCode} ${refused.ErrorMessage}`,
        )
      }
    }
  },
})

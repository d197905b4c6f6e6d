import { randomUUID } from 'node:crypto'
import {
  type DynamoDBClient,
  ProvisionedThroughputExceededException,
  type ServiceInputTypes,
  TransactionCanceledException,
  TransactionConflictException,
} from '@aws-sdk/client-dynamodb'

/**
 * What happens to one write request.
 *
 * - `lost`: it takes effect, its answer does not arrive
 * - `conflict`: it meets another transaction and does nothing
 * - `throttled`: it is refused for the moment
 * - `sent`: it goes through
 */
export type FaultKind = 'lost' | 'conflict' | 'throttled' | 'sent'

export interface Fault {
  readonly kind: FaultKind
  /** What others do before the request is sent. */
  readonly before?: () => Promise<unknown>
  /** What others do after it took effect and its answer was lost, before it is repeated. */
  readonly after?: () => Promise<unknown>
}

export interface Disturbed {
  /** The faults of the next writes, in their order; what comes after them goes through. */
  readonly faults: Fault[]
  /** Makes every repeated transaction look like a new one, as it does to DynamoDB after ten minutes. */
  forgetful: boolean
  /** Writes that were sent or stopped so far. */
  writes: number
}

/** Puts faults between a client and its server, on writes alone. */
export function disturb(client: DynamoDBClient): Disturbed {
  const state: Disturbed = { faults: [], forgetful: false, writes: 0 }
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const command = String(context.commandName)
      if (!/^(TransactWriteItems|UpdateItem|PutItem)Command$/.test(command)) return next(args)
      state.writes++
      const { kind, before, after } = state.faults.shift() ?? { kind: 'sent' }
      await before?.()
      if (kind === 'conflict') throw conflictOf(command, args.input)
      if (kind === 'throttled') throw throttled()
      const answering = next(state.forgetful ? { ...args, input: forgotten(args.input) } : args)
      if (kind !== 'lost') return answering
      // A refusal is an answer too, and gets lost like any other.
      await answering.catch(() => undefined)
      await after?.()
      throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError' })
    },
    { step: 'initialize', name: 'faults' },
  )
  return state
}

/** The same fault several times. */
export const times = (count: number, kind: FaultKind): Fault[] => Array.from({ length: count }, () => ({ kind }))

const forgotten = (input: ServiceInputTypes): ServiceInputTypes =>
  'ClientRequestToken' in input ? { ...input, ClientRequestToken: randomUUID() } : input

function conflictOf(command: string, input: ServiceInputTypes): Error {
  const message = 'Transaction is ongoing for the item'
  const $metadata = { httpStatusCode: 400 }
  if (!command.startsWith('Transact')) return new TransactionConflictException({ message, $metadata })
  const writes = 'TransactItems' in input && Array.isArray(input.TransactItems) ? input.TransactItems.length : 1
  const reasons = Array.from({ length: writes }, (_, index) => ({ Code: index === 0 ? 'TransactionConflict' : 'None' }))
  return new TransactionCanceledException({ message, $metadata, CancellationReasons: reasons })
}

const throttled = (): Error =>
  new ProvisionedThroughputExceededException({ message: 'slow down', $metadata: { httpStatusCode: 400 } })

import { functions, setupFunction } from '../../functions/edge/resources.ts'

/** A right that AWS uses in a function's name; no code of ours calls it, so nothing here can be recorded. */
export interface ServiceRight {
  readonly name: string
  readonly action: string
  readonly resource: string
  /** Which service uses it, and for what. */
  readonly reason: string
}

/** The set-up function is one a target; the one that is looked at is of target `set-up`. */
const logOf = (name: string): string =>
  name === 'setup' ? 'DatabaseSetupFunctionsetupLog.Arn' : `${name.charAt(0).toUpperCase()}${name.slice(1)}Log.Arn`

const logs = (name: string): readonly ServiceRight[] =>
  ['logs:CreateLogStream', 'logs:PutLogEvents'].map((action) => ({
    ...{ name, action, resource: logOf(name) },
    reason: 'Lambda writes what the function prints',
  }))

const traces = (name: string): readonly ServiceRight[] =>
  ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'].map((action) => ({
    ...{ name, action, resource: '*' },
    reason: 'Lambda sends the traces, in the name of the role',
  }))

const polls: readonly ServiceRight[] = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'].map(
  (action) => ({
    ...{ name: 'apply', action, resource: 'BundleQueue.Arn' },
    reason: "Lambda's poller takes messages and deletes those that are done",
  }),
)

const streams: readonly ServiceRight[] = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map(
  (action) => ({
    ...{ name: 'audit', action: `dynamodb:${action}`, resource: 'AuditTable.StreamArn' },
    reason: "Lambda's poller reads the stream",
  }),
)

const failures: ServiceRight = {
  ...{ name: 'audit', action: 'sqs:SendMessage', resource: 'AuditTableFailures.Arn' },
  reason: 'Lambda sets the position of a record aside that failed to the end',
}

/** The rights that no call of our code can explain, each with its reason; one that is granted no more has to go from here. */
export const serviceRights: readonly ServiceRight[] = [
  ...[...functions, setupFunction].flatMap(({ name }) => [...logs(name), ...traces(name)]),
  ...polls,
  ...streams,
  failures,
]

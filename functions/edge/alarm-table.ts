import type { MetricName } from './metric-table.ts'

/**
 * Every alarm, as plain data: the CDK stack makes one of each row, docs/operations.md has one section for each, and the game day makes
 * each one's condition happen and compares the metric with the same threshold.
 */
export interface AlarmDefinition {
  /** Names the alarm, and its section in the runbook. */
  readonly id: string
  /** `page`: somebody is woken up; `ticket`: somebody looks in the morning. */
  readonly severity: 'page' | 'ticket'
  readonly source: AlarmSource
  /** The alarm goes off at this value and above. */
  readonly threshold: number
  readonly periodSeconds: number
  /** Only where something always reports is its silence a sign. */
  readonly missing: 'notBreaching' | 'breaching'
  /** What it means, in one sentence. */
  readonly meaning: string
}

export type AlarmSource =
  /** A metric of Lockstep's own, over all targets. */
  | { readonly kind: 'own'; readonly metric: MetricName; readonly statistic: 'Sum' | 'Maximum' }
  /** SQS's metric of a queue. */
  | { readonly kind: 'queue'; readonly queue: QueueName; readonly metric: QueueMetric }
  /** Lambda's metric, summed over all functions. */
  | { readonly kind: 'functions'; readonly metric: 'Errors' | 'Throttles' }

export type QueueName = 'bundles' | 'dead-letters' | 'audit-failures'
export type QueueMetric = 'ApproximateNumberOfMessagesVisible' | 'ApproximateAgeOfOldestMessage'

const fiveMinutes = 300
const quarterHour = 900
const hour = 3_600

/** How often the watch function looks at every target; the alarms on what it reports wait for three of its looks. */
export const lookMinutes = 5

const sum = (metric: MetricName): AlarmSource => ({ kind: 'own', metric, statistic: 'Sum' })
const maximum = (metric: MetricName): AlarmSource => ({ kind: 'own', metric, statistic: 'Maximum' })

/** Goes off at the first one. */
const anyOf = (
  id: string,
  severity: AlarmDefinition['severity'],
  source: AlarmSource,
  meaning: string,
): AlarmDefinition => ({
  id,
  severity,
  source,
  meaning,
  threshold: 1,
  periodSeconds: fiveMinutes,
  missing: 'notBreaching',
})

const depthOf = (queue: QueueName): AlarmSource => ({
  kind: 'queue',
  queue,
  metric: 'ApproximateNumberOfMessagesVisible',
})

export const alarmTable: readonly AlarmDefinition[] = [
  anyOf('run-failed', 'page', sum('RunsFailed'), 'A migration failed, or its database stayed out of reach.'),
  anyOf('run-crashed', 'page', sum('RunsCrashed'), 'The runner died five times in one run, which was given up.'),
  anyOf('run-expired', 'page', sum('RunsExpired'), 'A run waited for a day and was given up.'),
  anyOf(
    'drift',
    'page',
    sum('Drift'),
    'A database is not the one that the ledger knows: restored, cloned or mixed up.',
  ),
  {
    id: 'heartbeat-lost',
    severity: 'page',
    source: maximum('HeartbeatAge'),
    threshold: fiveMinutes,
    periodSeconds: quarterHour,
    missing: 'breaching',
    meaning: 'A lease is held and nobody answers for it, or nobody looks any more.',
  },
  {
    id: 'audit-lag',
    severity: 'page',
    source: maximum('AuditLag'),
    threshold: quarterHour,
    periodSeconds: quarterHour,
    missing: 'breaching',
    meaning: 'Audit events do not arrive where they are kept, and the metrics made of them are late too.',
  },
  anyOf('audit-tampered', 'page', sum('AuditTampered'), 'An audit event was overwritten, removed or forked.'),
  anyOf('audit-broken', 'page', sum('AuditBroken'), 'The control table and the audit table do not fit together.'),
  anyOf('run-refused', 'ticket', sum('RunsRefused'), 'A push was refused before anything ran.'),
  anyOf('dead-letters', 'ticket', depthOf('dead-letters'), 'A message of the bundle queue was given up.'),
  anyOf(
    'audit-failures',
    'ticket',
    depthOf('audit-failures'),
    'The stream gave audit events up that could not be copied.',
  ),
  anyOf(
    'audit-gap',
    'ticket',
    sum('AuditEventsCopied'),
    'The daily reconcile copied audit events that the stream had not brought.',
  ),
  {
    ...anyOf(
      'database-unreachable',
      'ticket',
      sum('InfrastructureFaults'),
      'A database, or AWS, did not answer again and again.',
    ),
    threshold: 3,
    periodSeconds: quarterHour,
  },
  {
    ...anyOf('migration-retries', 'ticket', sum('MigrationRetries'), 'Migrations meet locks of the application.'),
    threshold: 3,
    periodSeconds: quarterHour,
  },
  anyOf('take-over', 'ticket', sum('TakeOvers'), 'A runner died or hung, and another run took its lease over.'),
  anyOf(
    'fence-rejection',
    'ticket',
    sum('FenceRejections'),
    'A runner that had been overtaken came back, and was turned away.',
  ),
  {
    ...anyOf('heartbeat-failures', 'ticket', sum('HeartbeatFailures'), 'Runners do not get their heartbeats through.'),
    threshold: 3,
  },
  {
    ...anyOf('lease-wait', 'ticket', maximum('LeaseWait'), 'A run waits long for its target.'),
    threshold: quarterHour,
    periodSeconds: quarterHour,
  },
  {
    ...anyOf('lease-age', 'ticket', maximum('LeaseAge'), 'A run keeps its target for hours.'),
    threshold: 4 * hour,
    periodSeconds: quarterHour,
  },
  {
    ...anyOf(
      'queue-age',
      'ticket',
      { kind: 'queue', queue: 'bundles', metric: 'ApproximateAgeOfOldestMessage' },
      'A bundle lies in the queue for an hour.',
    ),
    threshold: hour,
  },
  anyOf(
    'invalid-indexes',
    'ticket',
    sum('InvalidIndexes'),
    'A database keeps indexes that it maintains and does not use.',
  ),
  anyOf(
    'break-glass',
    'ticket',
    sum('BreakGlass'),
    'An operator took a lease away, froze, thawed or accepted a database.',
  ),
  anyOf('function-errors', 'ticket', { kind: 'functions', metric: 'Errors' }, 'A function crashed or ran out of time.'),
  anyOf(
    'function-throttles',
    'ticket',
    { kind: 'functions', metric: 'Throttles' },
    'A function was not allowed to start.',
  ),
]

/**
 * Every metric that Lockstep makes, as plain data: the functions, the alarms, the dashboard, the runbook and the game day read it here.
 *
 * What happened is measured where it was recorded: `from: 'audit'` is counted from the audit events as they are archived, whichever
 * function wrote them. What no event tells is measured where it is seen.
 */

interface MetricDefinition {
  readonly unit: 'Count' | 'Seconds' | 'Milliseconds'
  /** The function that measures it. */
  readonly from: 'audit' | 'runner' | 'watch'
  /** `total`: one series a deployment; `targets`: one a target beside it, which costs a metric more for each that has data. */
  readonly series: 'total' | 'targets'
  readonly meaning: string
}

const metric = (
  unit: MetricDefinition['unit'],
  from: MetricDefinition['from'],
  meaning: string,
  series: MetricDefinition['series'] = 'total',
): MetricDefinition => ({ unit, from, meaning, series })

export const metricNamespace = 'Lockstep'
/** The one dimension of all series: which deployment it is. Powertools names it. */
export const deploymentDimension = 'service'
/** The second dimension of series by target; on every other line the target is a property, which Logs Insights finds. */
export const targetDimension = 'target'

export const metricTable = {
  RunsStarted: metric('Count', 'audit', 'runs that got the lease'),
  RunsSucceeded: metric('Count', 'audit', 'runs that ended well'),
  RunsFailed: metric('Count', 'audit', 'runs that ended with a failed migration, or after too many faults', 'targets'),
  RunsRefused: metric('Count', 'audit', 'runs that ended with an expected no'),
  RunsCrashed: metric('Count', 'audit', 'runs whose runner died five times'),
  RunsExpired: metric('Count', 'audit', 'runs that waited for a day'),
  MigrationsApplied: metric('Count', 'audit', 'steps that were committed upwards'),
  MigrationsReverted: metric('Count', 'audit', 'steps that were committed downwards'),
  MigrationsFailed: metric('Count', 'audit', 'steps that failed for good'),
  MigrationDuration: metric('Milliseconds', 'audit', 'how long a committed step took', 'targets'),
  MigrationRetries: metric('Count', 'audit', 'attempts that met a lock timeout, a deadlock or a serialization failure'),
  TakeOvers: metric('Count', 'audit', 'leases that were taken over from a silent holder'),
  BreakGlass: metric('Count', 'audit', 'acts of operators on a lock'),
  AuditEventsArchived: metric('Count', 'audit', 'audit events that were copied from the stream'),
  AuditTampered: metric('Count', 'audit', 'audit events that were overwritten, removed or forked'),
  AuditBroken: metric('Count', 'runner', 'runs that met a chain that does not go on'),
  Drift: metric('Count', 'runner', 'runs and reconciles that found another database than the ledger knows', 'targets'),
  FenceRejections: metric('Count', 'runner', 'slices that were turned away since another has the lease'),
  HeartbeatFailures: metric('Count', 'runner', 'heartbeats that got no answer'),
  InfrastructureFaults: metric('Count', 'runner', 'slices that met a database or an AWS that did not answer'),
  SlicesParked: metric('Count', 'runner', 'slices that ended with work left'),
  LeaseWait: metric('Seconds', 'runner', 'since when a run waits for its first lease'),
  InvalidIndexes: metric('Count', 'runner', 'indexes that PostgreSQL maintains and does not use', 'targets'),
  ReceiptsCopied: metric('Count', 'runner', 'receipts that the ledger lacked when it was reconciled'),
  LeaseAge: metric('Seconds', 'watch', 'how long the run that holds the lease is under way'),
  HeartbeatAge: metric('Seconds', 'watch', 'how long nothing was heard of a lease that is held; 0 when none is'),
  AuditLag: metric('Seconds', 'watch', 'age of the oldest event that the records bucket lacks; 0 when it has all'),
  AuditEventsCopied: metric('Count', 'watch', 'audit events that the stream had not brought'),
} as const satisfies Record<string, MetricDefinition>

export type MetricName = keyof typeof metricTable

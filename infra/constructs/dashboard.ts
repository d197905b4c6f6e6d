import { Duration } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import { Construct } from 'constructs'
import { alarmTable } from '../../functions/edge/alarm-table.ts'
import { type MetricName, metricTable } from '../../functions/edge/metric-table.ts'
import { metricOf, ownMetric, type Watched } from './alarm-metrics.ts'
import type { Alarms } from './alarms.ts'

interface DashboardProps extends Watched {
  readonly alarms: Alarms
  readonly runbookUrl: string
}

const fullWidth = 24
const third = 8

/** Is the one dashboard: what is wrong, what to do about it, and what happens. */
export class Dashboard extends Construct {
  readonly resource: cloudwatch.Dashboard

  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id)
    this.resource = new cloudwatch.Dashboard(this, 'Default', {
      dashboardName: props.deployment,
      defaultInterval: Duration.days(1),
      widgets: [
        [alarmStates(props)],
        [whatToDo('page', props), whatToDo('ticket', props)],
        ...rows.map(({ advice, graphs }) => [
          new cloudwatch.TextWidget({ markdown: advice, width: fullWidth, height: 1 }),
          ...graphs.map(({ title, names, statistic }) => graph(title, ownMetrics(props, names, statistic))),
        ]),
        [graph('Queues', queueMetrics(props)), graph('Functions', functionMetrics(props))],
      ],
    })
  }
}

interface Graph {
  readonly title: string
  readonly names: readonly MetricName[]
  readonly statistic: 'Sum' | 'Maximum' | 'p99'
}

const rows: readonly { readonly advice: string; readonly graphs: readonly Graph[] }[] = [
  {
    advice:
      '**Runs.** A run that failed or was refused: `lockstep status --target <name>` says why, and what to type next.',
    graphs: [
      { title: 'Runs begun and ended', names: ['RunsStarted', 'RunsSucceeded'], statistic: 'Sum' },
      {
        title: 'Runs that did not end well',
        names: ['RunsFailed', 'RunsRefused', 'RunsCrashed', 'RunsExpired'],
        statistic: 'Sum',
      },
      {
        title: 'Migrations',
        names: ['MigrationsApplied', 'MigrationsReverted', 'MigrationsFailed', 'MigrationRetries'],
        statistic: 'Sum',
      },
    ],
  },
  {
    advice:
      '**Lease and database.** Nobody answers for a lease: push again, the next run takes it over; else `lockstep unlock --target <name> --reason <why>`.',
    graphs: [
      {
        title: 'Seconds: wait, lease, silence',
        names: ['LeaseWait', 'LeaseAge', 'HeartbeatAge'],
        statistic: 'Maximum',
      },
      {
        title: 'Safety at work',
        names: ['TakeOvers', 'FenceRejections', 'HeartbeatFailures', 'InfrastructureFaults', 'BreakGlass'],
        statistic: 'Sum',
      },
      { title: 'Duration of migrations', names: ['MigrationDuration'], statistic: 'p99' },
    ],
  },
  {
    advice:
      '**Proof.** `lockstep audit verify --target <name>` walks the chain; `lockstep reconcile --target <name>` asks the database.',
    graphs: [
      { title: 'Seconds that the archive is late', names: ['AuditLag'], statistic: 'Maximum' },
      {
        title: 'Audit events',
        names: ['AuditEventsArchived', 'AuditEventsCopied', 'AuditTampered', 'AuditBroken'],
        statistic: 'Sum',
      },
      { title: 'Found by reconciling', names: ['Drift', 'InvalidIndexes', 'ReceiptsCopied'], statistic: 'Sum' },
    ],
  },
]

const alarmStates = ({ alarms }: DashboardProps) =>
  new cloudwatch.AlarmStatusWidget({
    title: 'Alarms',
    alarms: [alarms.page, alarms.ticket, ...alarms.each],
    width: fullWidth,
    height: 4,
  })

const whatToDo = (severity: 'page' | 'ticket', { runbookUrl }: DashboardProps) => {
  const lines = alarmTable
    .filter((row) => row.severity === severity)
    .map(({ id, meaning }) => `- [${id}](${runbookUrl}#${id}): ${meaning}`)
  const markdown = `### ${severity}\n${lines.join('\n')}`
  return new cloudwatch.TextWidget({ markdown, width: fullWidth / 2, height: 8 })
}

const graph = (title: string, left: cloudwatch.IMetric[]) =>
  new cloudwatch.GraphWidget({ title, left, width: third, height: 6 })

const ownMetrics = ({ deployment }: DashboardProps, names: readonly MetricName[], statistic: string) =>
  names.map((name) => ownMetric(deployment, name, { statistic }).with({ label: `${name} (${metricTable[name].unit})` }))

const queueMetrics = (props: DashboardProps) =>
  alarmTable.flatMap(({ source }) => (source.kind === 'queue' ? [metricOf(props, source, Duration.minutes(5))] : []))

const functionMetrics = ({ functions }: DashboardProps) =>
  functions.flatMap((fn) => [fn.metricErrors(), fn.metricThrottles()])

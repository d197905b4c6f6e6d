import { Duration } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions'
import type * as sns from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import { type AlarmDefinition, alarmTable } from '../../functions/edge/alarm-table.ts'
import { metricOf, type Watched } from './alarm-metrics.ts'

interface AlarmsProps extends Watched {
  readonly topic: sns.ITopic
  /** Where the runbook is; an alarm's section is its anchor. */
  readonly runbookUrl: string
}

/**
 * Is one alarm for each row of the table, and two over them: *page* wakes somebody up, *ticket* waits for the morning. Only those two
 * speak to the topic, so that one trouble is one message.
 */
export class Alarms extends Construct {
  readonly each: readonly cloudwatch.Alarm[]
  readonly page: cloudwatch.CompositeAlarm
  readonly ticket: cloudwatch.CompositeAlarm

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id)
    const made = alarmTable.map((row) => ({ row, alarm: this.#alarm(row, props) }))
    this.each = made.map(({ alarm }) => alarm)
    const of = (severity: AlarmDefinition['severity']) =>
      made.filter(({ row }) => row.severity === severity).map(({ alarm }) => alarm)
    this.page = this.#composite('page', 'Somebody has to look now.', of('page'), props)
    this.ticket = this.#composite('ticket', 'Somebody has to look in the morning.', of('ticket'), props)
  }

  #alarm(row: AlarmDefinition, props: AlarmsProps): cloudwatch.Alarm {
    return new cloudwatch.Alarm(this, row.id, {
      alarmName: `${props.deployment}-${row.id}`,
      alarmDescription: `${row.meaning} What to do: ${props.runbookUrl}#${row.id}`,
      metric: metricOf(props, row.source, Duration.seconds(row.periodSeconds)),
      threshold: row.threshold,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      datapointsToAlarm: 1,
      treatMissingData:
        row.missing === 'breaching' ? cloudwatch.TreatMissingData.BREACHING : cloudwatch.TreatMissingData.NOT_BREACHING,
    })
  }

  #composite(
    severity: AlarmDefinition['severity'],
    sentence: string,
    members: readonly cloudwatch.Alarm[],
    { deployment, runbookUrl, topic }: AlarmsProps,
  ): cloudwatch.CompositeAlarm {
    const composite = new cloudwatch.CompositeAlarm(this, severity, {
      compositeAlarmName: `${deployment}-${severity}`,
      alarmDescription: `${sentence} Which alarm it is, and what to do: ${runbookUrl}#${severity}`,
      alarmRule: cloudwatch.AlarmRule.anyOf(...members),
    })
    composite.addAlarmAction(new actions.SnsAction(topic))
    composite.addOkAction(new actions.SnsAction(topic))
    return composite
  }
}

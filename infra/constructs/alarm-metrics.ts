import { Duration } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import type * as lambda from 'aws-cdk-lib/aws-lambda'
import type * as sqs from 'aws-cdk-lib/aws-sqs'
import type { AlarmSource, QueueName } from '../../functions/edge/alarm-table.ts'
import { deploymentDimension, type MetricName, metricNamespace } from '../../functions/edge/metric-table.ts'

/** What the metrics are about. */
export interface Watched {
  /** Names the deployment in its metrics; the functions publish it. */
  readonly deployment: string
  readonly queues: Readonly<Record<QueueName, sqs.IQueue>>
  readonly functions: readonly lambda.IFunction[]
}

/** Makes the CloudWatch metric that an alarm's source stands for. */
export function metricOf({ queues, functions, deployment }: Watched, source: AlarmSource, period: Duration) {
  switch (source.kind) {
    case 'own':
      return ownMetric(deployment, source.metric, { period, statistic: source.statistic })
    case 'queue':
      return queues[source.queue].metric(source.metric, { period, statistic: 'Maximum' })
    case 'functions':
      return new cloudwatch.MathExpression({
        expression: 'SUM(METRICS())',
        label: `${source.metric} of all functions`,
        period,
        usingMetrics: Object.fromEntries(
          functions.map((fn, index) => [`m${index}`, fn.metric(source.metric, { period, statistic: 'Sum' })]),
        ),
      })
  }
}

/** Makes a metric of Lockstep's own, over all targets of the deployment. */
export const ownMetric = (
  deployment: string,
  metricName: MetricName,
  { period = Duration.minutes(5), statistic }: { readonly period?: Duration; readonly statistic: string },
): cloudwatch.Metric =>
  new cloudwatch.Metric({
    namespace: metricNamespace,
    metricName,
    dimensionsMap: { [deploymentDimension]: deployment },
    period,
    statistic,
  })

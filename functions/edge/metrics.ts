import { Metrics } from '@aws-lambda-powertools/metrics'
import type { TargetName } from '../domain/types.ts'
import { type MetricName, metricNamespace, metricTable, targetDimension } from './metric-table.ts'

/** Values by their metric; a list is a value for each of its members. */
export type Measures = Partial<Readonly<Record<MetricName, number | readonly number[]>>>

/** Publishes what was measured of a target; nothing of an empty one. Takes effect at once, so that a crash later loses nothing. */
export type Publish = (target: TargetName, measures: Measures) => void

/** Makes the metrics of a function: EMF lines in its log, from which CloudWatch makes metrics without a call. */
export function makeMetrics(deployment: string): Publish {
  const metrics = new Metrics({ namespace: metricNamespace, serviceName: deployment })
  const publishSeries = (target: TargetName, series: 'total' | 'targets', measured: readonly Measured[]): void => {
    const own = measured.filter(({ name }) => metricTable[name].series === series)
    if (own.length === 0) return
    if (series === 'total') metrics.addMetadata(targetDimension, target)
    else metrics.addDimensions({}).addDimensions({ [targetDimension]: target })
    for (const { name, value } of own) metrics.addMetric(name, metricTable[name].unit, value)
    metrics.publishStoredMetrics()
  }
  return (target, measures) => {
    const measured = listed(measures)
    publishSeries(target, 'total', measured)
    publishSeries(target, 'targets', measured)
  }
}

interface Measured {
  readonly name: MetricName
  readonly value: number
}

const listed = (measures: Measures): readonly Measured[] =>
  Object.entries(measures).flatMap(([name, value]) =>
    [value].flat().map((one) => ({ name: name as MetricName, value: one })),
  )

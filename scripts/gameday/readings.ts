import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import type { AlarmDefinition } from '../../functions/edge/alarm-table.ts'
import { deploymentDimension, metricNamespace } from '../../functions/edge/metric-table.ts'
import type { FunctionName } from '../../functions/edge/resources.ts'
import { deploymentName, lambdaName } from '../local/names.ts'

/** A value of a metric, as CloudWatch would have got it. */
export interface Reading {
  readonly metric: string
  readonly atMs: number
  readonly value: number
}

const emfLine = z.object({
  _aws: z.object({
    Timestamp: z.number(),
    CloudWatchMetrics: z.array(
      z.object({
        Namespace: z.literal(metricNamespace),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string() })),
      }),
    ),
  }),
  [deploymentDimension]: z.literal(deploymentName),
})
type EmfLine = z.infer<typeof emfLine>

const measuring: readonly FunctionName[] = ['audit', 'runner', 'watch']

/** Reads the metrics that functions wrote to their logs, of the series that alarms look at: over all targets of the deployment. */
export async function readMetrics(logDir: string): Promise<readonly Reading[]> {
  const texts = measuring.map((name) => readFile(join(logDir, `${lambdaName(name)}.log`), 'utf8').catch(() => ''))
  return (await Promise.all(texts)).flatMap((text) => text.split('\n')).flatMap(readingsIn)
}

const readingsIn = (line: string): readonly Reading[] => {
  if (!line.includes('CloudWatchMetrics')) return []
  const content: unknown = JSON.parse(line)
  const parsed = emfLine.safeParse(content)
  return parsed.success ? valuesOf(parsed.data, z.record(z.string(), z.unknown()).parse(content)) : []
}

const valuesOf = ({ _aws }: EmfLine, content: Readonly<Record<string, unknown>>): readonly Reading[] =>
  _aws.CloudWatchMetrics.filter(({ Dimensions }) => Dimensions.some(isTotal)).flatMap(({ Metrics }) =>
    Metrics.flatMap(({ Name: metric }) =>
      [content[metric]]
        .flat()
        .flatMap((value) => (typeof value === 'number' ? [{ metric, atMs: _aws.Timestamp, value }] : [])),
    ),
  )

const isTotal = (dimensions: readonly string[]): boolean =>
  dimensions.length === 1 && dimensions[0] === deploymentDimension

/** Names the metric of an alarm among the readings. */
export const metricName = ({ source }: AlarmDefinition): string => {
  switch (source.kind) {
    case 'own':
      return source.metric
    case 'queue':
      return `${source.queue}.${source.metric}`
    case 'functions':
      return source.metric
  }
}

/** Computes the highest value that the alarm's statistic had in any of its periods; undefined without a reading. */
export const highest = (row: AlarmDefinition, readings: readonly Reading[]): number | undefined => {
  const own = readings.filter(({ metric }) => metric === metricName(row))
  if (own.length === 0) return undefined
  const isSum = row.source.kind === 'functions' || (row.source.kind === 'own' && row.source.statistic === 'Sum')
  if (!isSum) return Math.max(...own.map(({ value }) => value))
  return Math.max(...own.map(({ atMs }) => sumFrom(own, atMs, row.periodSeconds * 1000)))
}

const sumFrom = (readings: readonly Reading[], fromMs: number, lengthMs: number): number =>
  readings
    .filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + lengthMs)
    .reduce((total, { value }) => total + value, 0)

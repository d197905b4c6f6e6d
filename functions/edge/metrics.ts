import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { FinalRunState } from '../domain/records.ts'
import type { TargetName } from '../domain/types.ts'
import type { RunnerAnswer } from '../engine/runner-contract.ts'

/** Makes the metrics of a function: EMF lines in its log, from which CloudWatch makes metrics without a call. */
export const makeMetrics = (serviceName: string): Metrics => new Metrics({ namespace: 'Lockstep', serviceName })

const ends: Readonly<Record<FinalRunState, string>> = {
  SUCCEEDED: 'RunsSucceeded',
  FAILED: 'RunsFailed',
  REFUSED: 'RunsRefused',
  CRASHED: 'RunsCrashed',
  EXPIRED: 'RunsExpired',
}

const pauses: Readonly<Record<Exclude<RunnerAnswer['kind'], 'done'>, string>> = {
  more: 'SlicesParked',
  held: 'LeaseWaits',
  unreachable: 'InfrastructureFaults',
}

/** Counts what became of a slice, by target. */
export function countAnswer(metrics: Metrics, target: TargetName, answer: RunnerAnswer): void {
  metrics.addDimension('target', target)
  metrics.addMetric(answer.kind === 'done' ? ends[answer.state] : pauses[answer.kind], MetricUnit.Count, 1)
  if (answer.kind === 'done') metrics.addMetric('MigrationsApplied', MetricUnit.Count, answer.applied)
}

/** Counts audit events that were archived. */
export const countArchived = (metrics: Metrics, events: number): void => {
  metrics.addMetric('AuditEventsArchived', MetricUnit.Count, events)
}

/** Counts a change of the audit table that may never happen. */
export const countTampering = (metrics: Metrics): void => {
  metrics.addMetric('AuditTampered', MetricUnit.Count, 1)
}

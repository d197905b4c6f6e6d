import type { AuditEvent, AuditType } from '../domain/audit.ts'
import type { FinalRunState } from '../domain/records.ts'
import type { Measures } from './metrics.ts'

/** Reads an audit event's metrics from what it tells. */
export const measuresOf = ({ type, data }: AuditEvent): Measures => {
  if (type === 'run.finished') return endOf(data.state)
  const measures = counted[type]
  return typeof data.durationMs === 'number' && tookTime.has(type)
    ? { ...measures, MigrationDuration: data.durationMs }
    : measures
}

const counted: Readonly<Record<Exclude<AuditType, 'run.finished'>, Measures>> = {
  'run.started': { RunsStarted: 1 },
  'run.resumed': {},
  'run.took-over': { TakeOvers: 1 },
  'run.attached': {},
  'run.parked': {},
  'migration.applied': { MigrationsApplied: 1 },
  'migration.reverted': { MigrationsReverted: 1 },
  'migration.failed': { MigrationsFailed: 1 },
  'migration.retried': { MigrationRetries: 1 },
  'migration.released': {},
  'kept.dropped': {},
  'lock.freezing': {},
  'lock.freed': { BreakGlass: 1 },
  'lock.frozen': { BreakGlass: 1 },
  'lock.thawed': { BreakGlass: 1 },
  'lock.database-accepted': { BreakGlass: 1 },
}

const tookTime: ReadonlySet<AuditType> = new Set<AuditType>(['migration.applied', 'migration.reverted'])

const ends: Readonly<Record<FinalRunState, Measures>> = {
  SUCCEEDED: { RunsSucceeded: 1 },
  FAILED: { RunsFailed: 1 },
  REFUSED: { RunsRefused: 1 },
  CRASHED: { RunsCrashed: 1 },
  EXPIRED: { RunsExpired: 1 },
}

const endOf = (state: unknown): Measures => (isEnd(state) ? ends[state] : {})

const isEnd = (state: unknown): state is FinalRunState => typeof state === 'string' && Object.hasOwn(ends, state)

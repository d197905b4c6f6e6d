import type { AuditEvent } from '../../functions/domain/audit.ts'
import type { RunRecord } from '../../functions/domain/records.ts'
import type { MigrationName, RunId } from '../../functions/domain/types.ts'
import type { Sighting } from './follow-run.ts'
import { openLiveLine } from './live-line.ts'
import { type Output, shorten, visibleWidth } from './output.ts'
import { count, formatDuration } from './units.ts'

/** A step that a run took, as its audit event tells it. */
export interface ShownStep {
  readonly migration: string
  readonly outcome: 'applied' | 'reverted' | 'failed'
  readonly durationMs: number
  readonly outOfOrder: boolean
}

/** Shows a run while it goes on: one aligned line a migration, and on a terminal one that tells what is being done now. */
export interface RunDisplay extends Disposable {
  show(sighting: Sighting): void
  /** Every step shown so far. */
  readonly steps: readonly ShownStep[]
}

const durationColumns = 8
/** Two before the mark, the mark, one after it, two before the duration. */
const gapColumns = 6

/** Opens a display for a run whose migrations have these names: they decide the columns. */
export function openRunDisplay(output: Output, run: RunId, names: readonly MigrationName[]): RunDisplay {
  const width = nameWidth(output, names)
  const startedAt = performance.now()
  const steps: ShownStep[] = []
  const line = openLiveLine(output)
  line.show('waiting for the queue')
  return {
    steps,
    show(sighting) {
      for (const event of sighting.events) {
        const step = stepOf(event)
        if (step !== undefined) steps.push(step)
        const text = step === undefined ? remarkOf(event) : stepLine(step, width, output)
        if (text !== undefined) line.above(text)
      }
      line.show(`${nowOf(sighting, run, steps)} · ${formatDuration(performance.now() - startedAt)}`)
    },
    [Symbol.dispose]: () => line[Symbol.dispose](),
  }
}

const outcomes: Readonly<Partial<Record<AuditEvent['type'], ShownStep['outcome']>>> = {
  'migration.applied': 'applied',
  'migration.reverted': 'reverted',
  'migration.failed': 'failed',
}

const stepOf = ({ type, data }: AuditEvent): ShownStep | undefined => {
  const outcome = outcomes[type]
  const { migration, durationMs, outOfOrder } = data
  if (outcome === undefined || typeof migration !== 'string') return undefined
  return {
    migration,
    outcome,
    durationMs: typeof durationMs === 'number' ? durationMs : 0,
    outOfOrder: outOfOrder === true,
  }
}

/** How wide the column of names is, and how long a name may be that runs over it. */
export interface NameWidth {
  readonly column: number
  readonly longest: number
}

/** Wider than this, one long name of hundreds would push all durations out of sight. */
const widestColumn = 72

/** Fits a column of names into the terminal; without one, no name is shortened. */
export function nameWidth({ columns }: Output, names: readonly string[]): NameWidth {
  const longest = columns - gapColumns - durationColumns
  const widest = names.reduce((width, name) => Math.max(width, name.length), 0)
  return { column: Math.min(widest, widestColumn, longest), longest }
}

/** One line a step: mark, name, duration, each in its column. */
export function stepLine(step: ShownStep, { column, longest }: NameWidth, output: Output): string {
  const mark = step.outcome === 'failed' ? output.paint('red', '✗') : output.paint('green', '✓')
  const name = nameCell(step, longest, output)
  const duration = output.paint('dim', formatDuration(step.durationMs).padStart(durationColumns))
  return `  ${mark} ${name}${' '.repeat(Math.max(0, column - visibleWidth(name)))}  ${duration}`
}

const outOfOrderMark = ' (out of order)'

/** A migration's name, with a remark inside the column when it was out of order. */
export function nameCell(step: Pick<ShownStep, 'migration' | 'outOfOrder'>, columns: number, output: Output): string {
  if (!step.outOfOrder) return shorten(step.migration, columns)
  return shorten(step.migration, columns - outOfOrderMark.length) + output.paint('yellow', outOfOrderMark)
}

const remarkOf = ({ type }: AuditEvent): string | undefined => {
  if (type === 'run.resumed') return '  · goes on in the next invocation'
  if (type === 'run.took-over') return '  · took over from a run that stopped beating'
  return undefined
}

const nowOf = ({ run, lock }: Sighting, id: RunId, steps: readonly ShownStep[]): string => {
  if (run === undefined) return 'waiting for the queue'
  if (lock?.ownerRun !== undefined && lock.ownerRun !== id && run.state === 'QUEUED') {
    return `waiting for the lease: run ${lock.ownerRun} has it`
  }
  const done = steps.length === 0 ? '' : ` · ${count(steps.length, 'step')} done`
  const isCurrent = lock?.migration !== undefined && steps.every((step) => step.migration !== lock.migration)
  return `${isCurrent ? lock.migration : (lock?.phase ?? run.state).toLowerCase()}${done}`
}

/** Says in one line how a run ended. */
export function summaryOf({ state, direction, applied, startedAt, finishedAt }: RunRecord, output: Output): string {
  const took =
    startedAt === undefined || finishedAt === undefined ? '' : ` in ${formatDuration(between(startedAt, finishedAt))}`
  const done = direction === 'up' ? 'applied' : 'taken back'
  if (state === 'REFUSED' && applied === 0) return `${output.paint('red', '✗ refused')}: nothing was run`
  if (state !== 'SUCCEEDED')
    return `${output.paint('red', `✗ ${state.toLowerCase()}`)}${took}, ${count(applied, 'migration')} ${done}`
  if (applied === 0) return `${output.paint('green', '✓ nothing to do')}: the target has every migration of this bundle`
  return `${output.paint('green', `✓ ${count(applied, 'migration')} ${done}`)}${took}`
}

const between = (from: string, to: string): number => Date.parse(to) - Date.parse(from)

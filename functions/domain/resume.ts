import { LockstepError } from './errors.ts'
import type { StepSource } from './step-source.ts'
import type { UnitProgress } from './target-state.ts'

/** Where a non-transactional step goes on: the first unit that is not done, and whether a run died while it ran. */
export interface ResumePoint {
  readonly unit: number
  readonly interrupted: boolean
}

/**
 * Finds where a step goes on, given the progress that was committed.
 *
 * A corrected file may go on too, as long as the units that already ran are in it unchanged and at their places.
 *
 * @throws LockstepError HALF_APPLIED when a unit that already ran (or may have run) is not what the file says now
 */
export function resumePoint(source: StepSource, progress: readonly UnitProgress[]): ResumePoint {
  const rows = progress.filter((row) => row.migration === source.migration.name)
  if (rows.length === 0) return { unit: 0, interrupted: false }
  const units = source.body.kind === 'units' ? source.body.units : []
  const changed = rows.find((row) => units[row.unit]?.sha256 !== row.sha256)
  if (changed !== undefined) throw unitChanged(source, changed)
  const running = rows.find((row) => row.state === 'running')
  if (running !== undefined) return { unit: running.unit, interrupted: true }
  return { unit: rows.length, interrupted: false }
}

const unitChanged = (source: StepSource, row: UnitProgress): LockstepError =>
  new LockstepError(
    'HALF_APPLIED',
    `${source.migration.name} is half applied, and its statement ${row.unit + 1}, which already ran, was changed since`,
    {
      migration: source.migration.name,
      hint: `restore statement ${row.unit + 1} of ${source.path} as it was; what follows it may be corrected`,
    },
  )

import { asLockstepError, type Failure, LockstepError, toFailure } from '../domain/errors.ts'
import type { Receipt } from '../domain/receipt.ts'
import { resumePoint } from '../domain/resume.ts'
import type { Unit } from '../domain/step-source.ts'
import type { UnitProgress } from '../domain/target-state.ts'
import { backoffMs } from './retry.ts'
import type { RunContext } from './run-context.ts'
import type { StepOrder, TargetSession, UnitPosition } from './target-database.ts'

/** lock_not_available, deadlock_detected, serialization_failure: rolled back, and likely to pass when tried again. */
const passingSqlStates: ReadonlySet<string | undefined> = new Set(['55P03', '40P01', '40001'])

export interface Step {
  readonly session: TargetSession
  readonly order: Omit<StepOrder, 'attempt'>
  readonly progress: readonly UnitProgress[]
  /** Told of each unit before it runs, and of what concludes a step whose units are all done. */
  readonly reached?: (unit: ReachedUnit) => void
  /** Told of each attempt that failed and is followed by another. */
  readonly retried?: (attempt: number, failure: Failure) => void
}

/** Where a step is: a unit, or the transaction after all of them, whose index is their number. */
export type ReachedUnit = Pick<Unit, 'index' | 'kind'>

/** What a step needs of the run around it. */
export type StepContext = Pick<RunContext, 'settings' | 'clock' | 'random' | 'log'>

/**
 * Runs one migration until it is committed or has failed for good; either way the receipt tells.
 *
 * @returns the receipt, `committed` or `failed`
 * @throws LockstepError of any kind but `failed`: the outcome is unknown or the lease is lost; the next slice finds out
 */
export async function runStep(context: StepContext, step: Step): Promise<Receipt> {
  const { policy } = context.settings
  const { unit, interrupted } = resumePoint(step.order.source, step.progress)
  let mark: UnitMark = { unit, state: interrupted ? 'interrupted' : 'fresh' }
  for (let attempt = 1; ; attempt++) {
    const order = { ...step.order, attempt }
    try {
      return await runOnce(step.session, order, mark, (next, reached) => {
        mark = next
        step.reached?.(reached)
      })
    } catch (thrown) {
      const error = asLockstepError(thrown)
      if (error.kind !== 'failed') throw error
      if (!passingSqlStates.has(error.details.sqlState) || attempt >= policy.stepAttempts) {
        return await step.session.recordFailure(order, toFailure(error))
      }
      step.retried?.(attempt, toFailure(error))
      context.log.warn('a step is tried again', {
        migration: order.source.migration.name,
        attempt,
        sqlState: error.details.sqlState,
      })
      await context.clock.sleep(backoffMs(attempt, context.random))
    }
  }
}

/** How far a step came in this process: `ran` means that the unit took effect, and only its record is missing. */
interface UnitMark {
  readonly unit: number
  readonly state: 'fresh' | 'interrupted' | 'ran'
}

async function runOnce(
  session: TargetSession,
  order: StepOrder,
  from: UnitMark,
  note: (mark: UnitMark, reached: ReachedUnit) => void,
): Promise<Receipt> {
  const { body, verify } = order.source
  if (body.kind === 'transaction') return session.commitStep(order)
  const last = body.units.at(-1)
  for (const unit of body.units.slice(from.unit)) {
    const state = unit.index === from.unit ? from.state : 'fresh'
    note({ unit: unit.index, state }, unit)
    // what took effect outside of a transaction is recorded before an assertion can fail
    const position: UnitPosition = unit === last && !(verify && unit.kind === 'alone') ? 'last' : 'not-last'
    const ran = (): void => note({ unit: unit.index, state: 'ran' }, unit)
    const receipt = await runUnit(session, order, { unit, position, state, ran })
    if (receipt !== undefined) return receipt
  }
  const after = { index: body.units.length, kind: 'transaction' } as const
  note({ unit: after.index, state: 'fresh' }, after)
  const receipt = last && (await session.closeUnit(order, last, 'last'))
  if (receipt !== undefined) return receipt
  throw new LockstepError('INTERNAL', `${order.source.migration.name} has no unit left to run, yet no receipt`)
}

interface UnitRun {
  readonly unit: Unit
  readonly position: UnitPosition
  readonly state: UnitMark['state']
  /** Told when the unit took effect. */
  readonly ran: () => void
}

async function runUnit(session: TargetSession, order: StepOrder, run: UnitRun): Promise<Receipt | undefined> {
  const { unit, position, state, ran } = run
  if (unit.kind === 'transaction') return session.commitUnit(order, unit, position)
  const isDone =
    state === 'ran' || (state === 'interrupted' && (await settleInterrupted(session, order, unit)) === 'done')
  if (isDone) return session.closeUnit(order, unit, position)
  await session.openUnit(order, unit)
  await runAlone(session, order, unit)
  ran()
  return session.closeUnit(order, unit, position)
}

/** Asks the catalog what a dead run left behind; what it can't tell is a question for an operator, never a blind retry. */
async function settleInterrupted(session: TargetSession, order: StepOrder, unit: Unit): Promise<'done' | 'run-again'> {
  const evidence = await session.examineUnit(order, unit)
  if (evidence === 'done') return 'done'
  if (evidence === 'invalid') await session.clearUnit(order, unit)
  if (evidence === 'unknown') throw cannotTell(order, unit)
  return 'run-again'
}

const cannotTell = (order: StepOrder, unit: Unit): LockstepError => {
  const { path, migration } = order.source
  const { name } = migration
  return new LockstepError(
    'NEEDS_OPERATOR',
    `a run died while statement ${unit.index + 1} of ${name} ran, and the catalog cannot tell whether it took effect`,
    {
      migration: name,
      hint: `look whether statement ${unit.index + 1} of ${path} took effect, then say so to the target`,
    },
  )
}

/** Runs the statement, and takes a concurrent build that left an invalid index for the failure that it is. */
async function runAlone(session: TargetSession, order: StepOrder, unit: Unit): Promise<void> {
  try {
    await session.runUnit(order, unit)
  } catch (thrown) {
    const error = asLockstepError(thrown)
    if (error.kind === 'failed' && (await session.examineUnit(order, unit)) === 'invalid')
      await session.clearUnit(order, unit)
    throw error
  }
  if ((await session.examineUnit(order, unit)) !== 'invalid') return
  await session.clearUnit(order, unit)
  const { name } = order.source.migration
  const message = `statement ${unit.index + 1} of ${name} succeeded but left an invalid index, which was dropped`
  throw new LockstepError('MIGRATION_FAILED', message, { migration: name, hint: 'push again to build it' })
}

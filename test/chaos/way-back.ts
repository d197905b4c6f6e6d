import { setTimeout as delay } from 'node:timers/promises'
import { LockstepError } from '../../functions/domain/errors.ts'
import { isFinal, type RollbackWish } from '../../functions/domain/records.ts'
import { runIdOfPlan } from '../../functions/domain/rollback-plan.ts'
import type { RollbackAnswer } from '../../functions/engine/rollback-front.ts'
import { databaseUrl } from '../../scripts/local/target-names.ts'
import { withClient } from '../support/postgres.ts'
import { type Course, stalled, stalledMs } from './course.ts'
import type { Field } from './field.ts'

const againMs = 500
const actor = 'ops'

/** No fault explains these: whoever answers so has been looking at the wrong thing, or has lost something. */
const fatal: ReadonlySet<string> = new Set([
  'ROLLBACK_IRREVERSIBLE',
  'ROLLBACK_UNKNOWN',
  'HALF_APPLIED',
  'DRIFT',
  'FENCE_REGRESSION',
  'TARGET_WRONG',
  'AUDIT_BROKEN',
])
/** After these there is another plan to see. */
const planAgain: ReadonlySet<string> = new Set(['PLAN_STALE', 'ROLLBACK_NOTHING', 'ROLLBACK_TOO_FAR'])

/**
 * Takes everything back, as an operator does: sees a plan, confirms it, and asks again with the same digest until its run is over; and
 * once more with what is left after a run that ended as unreachable or crashed.
 *
 * @throws Error when a run ends in any other way, or nothing moves at all
 */
export async function goBack(field: Field, course: Course): Promise<void> {
  course.heading = 'down'
  for (;;) {
    const left = await insist(field, course, () => countApplied(field, course))
    if (left === 'plan again' || left === 0) return field.tally.moved(course.target)
    const wish: RollbackWish = { kind: 'steps', count: left }
    const ended = await confirmWish(field, course, wish)
    if (ended !== 'plan again') judgeWayBack(field, course, ended)
  }
}

async function confirmWish(field: Field, course: Course, wish: RollbackWish): Promise<RollbackAnswer | 'plan again'> {
  const { cloud, tally } = field
  const { target } = course
  const plan = await insist(field, course, () => cloud.cli.rollback.plan({ action: 'plan', target, wish, actor }))
  if (plan === 'plan again') return plan
  const { digest, steps } = plan
  tally.count('rollbacks')
  course.runs.push(runIdOfPlan(target, digest))
  course.judged.add(runIdOfPlan(target, digest))
  field.log(`${target}: goes ${steps.length} back as ${runIdOfPlan(target, digest)}`)
  for (;;) {
    const answer = await insist(field, course, () =>
      cloud.cli.rollback.confirm({ action: 'confirm', target, wish, plan: digest, actor }),
    )
    if (answer === 'plan again' || isFinal(answer.state)) return answer
    tally.count('confirmed again')
  }
}

/** Asks until somebody answers. */
async function insist<Answer>(
  field: Field,
  course: Course,
  ask: () => Promise<Answer>,
): Promise<Answer | 'plan again'> {
  for (;;) {
    field.over.throwIfAborted()
    try {
      return await ask()
    } catch (thrown) {
      const code = thrown instanceof LockstepError ? thrown.code : ''
      if (fatal.has(code)) throw thrown
      if (planAgain.has(code)) return 'plan again'
      field.log(
        `${course.target}: the operator is not answered: ${code} ${thrown instanceof Error ? thrown.message : thrown}`,
      )
      field.tally.count('confirmed again')
    }
    if (performance.now() - course.watch.movedAtMs() > stalledMs) throw await stalled(field, course)
    await delay(againMs)
  }
}

const countApplied = ({ database }: Field, { target }: Course): Promise<number> =>
  withClient(databaseUrl(database.url, target), async (client) => {
    const { rows } = await client.query<{ count: number }>('select count(*)::integer as count from lockstep.applied')
    return rows[0]?.count ?? 0
  })

function judgeWayBack(
  { tally, log }: Field,
  { target }: Course,
  { run, state, failure, applied }: RollbackAnswer,
): void {
  log(`${target}: rollback ${run} ended ${state} ${failure?.code ?? ''}, took ${applied} back`)
  if (state === 'SUCCEEDED' || failure?.code === 'PLAN_STALE') return
  const unreachable = state === 'FAILED' && failure?.code === 'TARGET_UNREACHABLE'
  if (!unreachable && state !== 'CRASHED')
    throw new Error(`${target}: rollback ${run} ended ${state}: ${failure?.code} ${failure?.message}`)
  tally.count(unreachable ? 'unreachable' : 'crashed')
}

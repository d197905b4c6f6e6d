import { systemClock } from '../../functions/adapters/system.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { RollbackWish } from '../../functions/domain/records.ts'
import { planChanged, type RollbackPlan, runIdOfPlan } from '../../functions/domain/rollback-plan.ts'
import {
  type MigrationName,
  migrationName,
  type RunId,
  type Sha256,
  type TargetName,
} from '../../functions/domain/types.ts'
import { claimedActor } from '../cli/claimed-actor.ts'
import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { confirm } from '../cli/confirm.ts'
import { connect } from '../cli/connection.ts'
import { watchInterrupt } from '../cli/interrupt.ts'
import { lastEventSeq } from '../cli/last-event.ts'
import type { PlaceOption } from '../cli/options.ts'
import type { Connection } from '../cli/ports.ts'
import { planText } from '../cli/rollback-text.ts'
import { summaryOf } from '../cli/run-display.ts'
import { count } from '../cli/units.ts'
import { watchRun } from '../cli/watch-run.ts'

export interface RollbackInput extends PlaceOption {
  readonly target: TargetName
  readonly to?: string
  readonly steps?: number
  readonly run?: RunId
  readonly dryRun?: boolean
  readonly yes?: boolean
  /** The digest of a plan that was looked at before: the answer to the question. */
  readonly plan?: Sha256
  /** How long the run is watched, in milliseconds. */
  readonly timeout: number
}

/**
 * Shows what a rollback would do and cost, asks, and takes the migrations back; stays until the run is over.
 *
 * @throws LockstepError USAGE when nobody can be asked; PLAN_STALE when the plan is another one by now; ROLLBACK_…; INTERRUPTED
 */
export async function rollback(context: Context, input: RollbackInput): Promise<Outcome> {
  const { output } = context
  const { target } = input
  const wish = wishOf(input)
  const cloud = await connect(context, input)
  const plan = await cloud.rollback.plan({ action: 'plan', target, wish, actor: claimedActor(context) })
  for (const line of planText(plan, output, input.dryRun === true ? 'with-sql' : 'price')) output.line(line)
  if (input.dryRun === true) return succeeded(plan)
  await approve(plan, input)
  return await carryOut(context, cloud, { plan, timeout: input.timeout })
}

function wishOf({ to, steps, run }: RollbackInput): RollbackWish {
  const wishes: readonly RollbackWish[] = [
    ...(to === undefined ? [] : [{ kind: 'to', migration: migrationName(to) } as const]),
    ...(steps === undefined ? [] : [{ kind: 'steps', count: steps } as const]),
    ...(run === undefined ? [] : [{ kind: 'run', run } as const]),
  ]
  const [wish] = wishes
  if (wish !== undefined && wishes.length === 1) return wish
  throw new LockstepError('USAGE', 'say how far to go back, in one way', {
    hint: 'use one of --to <migration>, --steps <n> and --run <id>',
  })
}

/** A plan that was looked at is confirmed by its digest, one that is on the screen by an answer. */
async function approve({ digest, steps }: RollbackPlan, { plan, yes }: RollbackInput): Promise<void> {
  if (plan !== undefined && plan !== digest) throw planChanged(plan, digest)
  if (plan !== undefined || yes === true) return
  if (process.stdin.isTTY !== true) {
    throw new LockstepError('USAGE', 'nobody is there to confirm the plan', {
      hint: `look at it, then say so: --plan ${digest} (this plan and no other) or --yes`,
    })
  }
  await confirm(`Take ${count(steps.length, 'migration')} back?`)
}

interface Confirmed {
  readonly plan: RollbackPlan
  readonly timeout: number
}

async function carryOut(context: Context, cloud: Connection, { plan, timeout }: Confirmed): Promise<Outcome> {
  const { output } = context
  const { target, wish, digest } = plan
  const eventsAfter = await lastEventSeq(cloud.status, target)
  using interrupt = watchInterrupt()
  const run = runIdOfPlan(target, digest)
  output.line(`${output.paint('dim', 'run')} ${run}`)
  const refused = new AbortController()
  const confirming = cloud.rollback.confirm({
    action: 'confirm',
    target,
    wish,
    plan: digest,
    actor: claimedActor(context),
  })
  const watching = watchRun(cloud.status, {
    ...{
      target,
      run,
      eventsAfter,
      timeoutMs: timeout,
      signal: AbortSignal.any([interrupt.signal, refused.signal]),
      clock: systemClock,
      output,
    },
    names: plan.steps.map(({ migration }): MigrationName => migration),
  })
  confirming.catch(() => refused.abort())
  const watched = await watching
  await confirming
  if (watched.run?.finishedAt !== undefined) output.line(summaryOf(watched.run, output))
  const { state = 'QUEUED', applied = 0 } = watched.run ?? {}
  const document = { target, run, plan: digest, state, reverted: applied, steps: watched.steps }
  return { document, failures: watched.failure === undefined ? [] : [watched.failure] }
}

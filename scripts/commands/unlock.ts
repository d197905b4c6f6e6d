import type { LockRecord } from '../../functions/domain/records.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import type { OperatorWish, UnlockAnswer } from '../../functions/engine/runner-contract.ts'
import { claimedActor } from '../cli/claimed-actor.ts'
import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { confirm } from '../cli/confirm.ts'
import { connect } from '../cli/connection.ts'
import type { PlaceOption } from '../cli/options.ts'
import { lockText } from '../cli/status-text.ts'
import { count, formatDuration } from '../cli/units.ts'

export interface UnlockInput extends PlaceOption {
  readonly target: TargetName
  readonly reason: string
  readonly force?: boolean
  readonly freeze?: boolean
  readonly thaw?: boolean
  readonly acceptDatabase?: boolean
  readonly yes?: boolean
}

/**
 * Takes a target's lease away, freezes or thaws the target, or accepts its database as it is: break-glass, told in the audit.
 *
 * @throws LockstepError LEASE_HELD while the holder's heartbeats move; INTERRUPTED when it is not confirmed; whatever else stops it,
 *   its message then tells what state the target is in
 */
export async function unlock(context: Context, input: UnlockInput): Promise<Outcome> {
  const { output } = context
  const { target, reason, force = false } = input
  const cloud = await connect(context, input)
  const action = wishOf(input)
  const { lock, runs } = await cloud.status({ target })
  output.line(`${target} is ${lockText(lock, runs, Date.now())}`)
  if (input.yes !== true) await confirm(questions[action])
  if (isWatched(lock, action, force)) output.line(`watching its heartbeats for ${formatDuration(lock.leaseMs)}`)
  const answer = await cloud.operate({ action, target, reason, force, actor: claimedActor(context) })
  for (const line of answerText(answer)) output.line(line)
  return succeeded(answer)
}

const wishOf = ({ freeze, thaw, acceptDatabase }: UnlockInput): OperatorWish => {
  if (freeze === true) return 'freeze'
  if (thaw === true) return 'thaw'
  return acceptDatabase === true ? 'accept-database' : 'unlock'
}

const questions: Readonly<Record<OperatorWish, string>> = {
  unlock: 'Take the lease away?',
  freeze: 'Take the lease away, and let nothing run until it is thawed?',
  thaw: 'Let runs go on?',
  'accept-database': 'Is the database right as it is, and the ledger to be rewritten from it?',
}

const isWatched = (lock: LockRecord | null, wish: OperatorWish, force: boolean): lock is LockRecord =>
  !force && wish !== 'thaw' && (lock?.lockState === 'HELD' || lock?.lockState === 'PARKED')

const answerText = ({ target, lock, changed, ended, accepted }: UnlockAnswer): readonly string[] => {
  const state = lock === null ? 'free' : `${lock.lockState.toLowerCase()} · token ${lock.token}`
  if (!changed) return [`nothing to do: ${target} is ${state}`]
  return [
    ...ended.map(({ pid, startedAt }) => `ended backend ${pid}, at work since ${startedAt}`),
    ...(accepted === undefined
      ? []
      : [
          `ledger: ${count(accepted.rewritten, 'entry', 'entries')} rewritten, ${count(accepted.copied, 'receipt')} copied`,
          ...accepted.lost.map((migration) => `lost: ${migration}`),
        ]),
    `${target} is ${state}`,
  ]
}

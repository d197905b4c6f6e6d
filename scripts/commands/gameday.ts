import { join } from 'node:path'
import { type Failure, LockstepError, toFailure } from '../../functions/domain/errors.ts'
import type { Context, Outcome } from '../cli/command.ts'
import { watchInterrupt } from '../cli/interrupt.ts'
import { showProgress } from '../cli/live-line.ts'
import { stateDirOf } from '../cli/local-cloud.ts'
import type { Output } from '../cli/output.ts'
import { table } from '../cli/table.ts'
import { count, formatDuration } from '../cli/units.ts'
import type { GamedayReport, Shown } from '../gameday/play.ts'

interface GamedayInput {
  readonly local?: boolean
  readonly timeout: number
}

/**
 * Makes each alarm's condition happen on an embedded cloud of its own, and shows that the alarm's metric crosses its threshold. The
 * cloud is gone afterwards, also after Ctrl-C.
 *
 * @throws LockstepError USAGE without `--local`, LOCAL_UNSUPPORTED, LOCAL_START_FAILED
 */
export async function gameday(context: Context, { local, timeout }: GamedayInput): Promise<Outcome> {
  if (local !== true) throw new LockstepError('USAGE', 'a game day is for the embedded cloud alone', { hint: notHere })
  using interrupt = watchInterrupt()
  const startedAt = performance.now()
  const signal = AbortSignal.any([interrupt.signal, AbortSignal.timeout(timeout)])
  const performed = await showProgress(context.output, (say) => perform(context, signal, say))
  if (interrupt.signal.aborted) return { document: {}, failures: [stopped()] }
  showTable(context.output, performed)
  const took = formatDuration(performance.now() - startedAt)
  const failures = failuresOf(performed)
  if (failures.length === 0)
    context.output.line(`\nAll ${performed.shown.length} alarms would have gone off, after ${took}.`)
  return { document: { ...performed }, failures }
}

const notHere = 'say `lockstep gameday --local`; in an account, alarms are tried with `aws cloudwatch set-alarm-state`'

const perform = async (context: Context, signal: AbortSignal, say: (text: string) => void): Promise<GamedayReport> => {
  const stateDir = join(stateDirOf(context.cwd), 'gameday')
  say('building the functions')
  const { buildFunctions } = await import('../build.ts')
  const artefacts = await buildFunctions(join(stateDir, 'functions'))
  const { startGamedayCloud } = await import('../gameday/gameday-cloud.ts')
  const { playGameday } = await import('../gameday/play.ts')
  await using cloud = await startGamedayCloud({ stateDir, artefacts, signal, onProgress: say })
  return await playGameday({ ...cloud, tell: say })
}

const showTable = (output: Output, { shown, troubles }: GamedayReport): void => {
  const head = ['alarm', 'metric', 'value', 'threshold', 'crossed', 'condition']
  const rows = shown.map((row) => [
    row.alarm,
    row.metric,
    shownValue(row),
    String(row.threshold),
    row.crossed ? 'yes' : 'NO',
    row.condition,
  ])
  for (const line of table([head, ...rows], ['left', 'left', 'right', 'right'])) output.line(line)
  for (const trouble of troubles) output.line(trouble)
}

const shownValue = ({ value }: Shown): string => (value === undefined ? '-' : String(Math.round(value)))

const failuresOf = ({ shown, noisy }: GamedayReport): readonly Failure[] => {
  const silent = shown.filter(({ crossed }) => !crossed).map(({ alarm }) => alarm)
  return [
    ...(silent.length > 0 ? [failure(`${count(silent.length, 'alarm')} stayed silent: ${silent.join(', ')}`)] : []),
    ...(noisy.length > 0 ? [failure(`a good run set off ${noisy.join(', ')}`)] : []),
  ]
}

const failure = (message: string): Failure => toFailure(new LockstepError('GAMEDAY_FAILED', message))

const stopped = (): Failure =>
  toFailure(new LockstepError('INTERRUPTED', 'the game day was stopped', { hint: 'its cloud was stopped with it' }))

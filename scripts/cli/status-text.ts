import type { Failure } from '../../functions/domain/errors.ts'
import type { ChainHead, LedgerEntry, LockRecord, RunRecord } from '../../functions/domain/records.ts'
import type { StatusAnswer } from '../../functions/engine/status.ts'
import { failureText } from './failure-text.ts'
import type { Output, Paint } from './output.ts'
import { nameCell } from './run-display.ts'
import { type Align, table } from './table.ts'
import { count, formatAge, formatDuration, formatInstant } from './units.ts'
import { failureOf } from './watch-run.ts'

/** Newest migrations that are shown; `--json` has them all. */
const shownEntries = 25

/** Lays a target's state out for people: lock, chain, runs, the newest failure, and the ledger. */
export function statusText(answer: Omit<StatusAnswer, 'events'>, output: Output): string[] {
  const { target, lock, chain, runs, ledger } = answer
  const now = Date.now()
  const facts = [
    ['target', target],
    ['lock', lockText(lock, runs, now)],
    ...phaseFacts(lock),
    ['audit', chainText(chain)],
    ...(ledger.length === 0 ? [] : [['ledger', ledgerSummary(ledger)]]),
  ]
  return [
    ...table(facts.map(([label = '', text = '']) => [output.paint('dim', label), text])),
    ...runLines(runs, now, output),
    ...failureLines(runs, output),
    ...ledgerLines(ledger, now, output),
  ]
}

/** Says who has the lock, or why nobody gets it. */
export const lockText = (lock: LockRecord | null, runs: readonly RunRecord[], now: number): string => {
  if (lock === null) return 'free; nobody ever held it'
  const { lockState, token, ownerRun, heartbeatAt, reason } = lock
  const why = reason === undefined ? '' : ` · ${reason}`
  if (ownerRun === undefined) return `${lockState.toLowerCase()} · token ${token}${why}`
  const since = runs.find((run) => run.id === ownerRun)?.startedAt ?? heartbeatAt
  const holder = `${lockState.toLowerCase()} by ${ownerRun}`
  return `${holder}${since === undefined ? '' : ` since ${age(since, now)}`} · token ${token}`
}

/** What the holder does, by its last heartbeat. */
const phaseFacts = (lock: LockRecord | null): string[][] => {
  if (lock?.ownerRun === undefined || lock.phase === undefined) return []
  return [['now', [lock.phase.toLowerCase(), lock.migration].filter((part) => part !== undefined).join(' · ')]]
}

const chainText = ({ seq, hash }: ChainHead): string =>
  seq === 0 ? 'no events' : `${count(seq, 'event')} · head ${hash.slice(0, 16)}…`

const ledgerSummary = (ledger: readonly LedgerEntry[]): string => {
  const states = ['APPLIED', 'REVERTED', 'FAILED', 'LOST'] as const
  return states
    .map((state) => ({ state, amount: ledger.filter((entry) => entry.state === state).length }))
    .filter(({ amount }) => amount > 0)
    .map(({ state, amount }) => `${amount} ${state.toLowerCase()}`)
    .join(', ')
}

const runPaint: Readonly<Partial<Record<RunRecord['state'], Paint>>> = {
  SUCCEEDED: 'green',
  FAILED: 'red',
  REFUSED: 'red',
  CRASHED: 'red',
  EXPIRED: 'red',
}

const runLines = (runs: readonly RunRecord[], now: number, output: Output): string[] => {
  if (runs.length === 0) return ['', 'no runs yet']
  const align: Align[] = ['left', 'left', 'right', 'right', 'left']
  const rows = runs.map((run) => [
    run.id,
    paintState(run.state, output),
    String(run.applied),
    run.startedAt && run.finishedAt ? formatDuration(Date.parse(run.finishedAt) - Date.parse(run.startedAt)) : '',
    age(run.createdAt, now),
  ])
  const [head = '', ...lines] = table([['RUN', 'STATE', 'APPLIED', 'TOOK', 'CREATED'], ...rows], align)
  return ['', output.paint('dim', head), ...lines]
}

const paintState = (state: RunRecord['state'], output: Output): string => {
  const paint = runPaint[state]
  return paint === undefined ? state : output.paint(paint, state)
}

/** The newest run's failure, or the one of the run that was asked for; older ones are history. */
const failureLines = ([newest]: readonly RunRecord[], output: Output): string[] => {
  const failure: Failure | undefined = newest && failureOf(newest)
  return failure === undefined ? [] : ['', ...failureText(failure, output)]
}

const ledgerMarks = {
  APPLIED: ['green', '✓'],
  REVERTED: ['yellow', '↩'],
  FAILED: ['red', '✗'],
  LOST: ['yellow', '?'],
} as const
/** Mark, duration and age with the gaps between the columns. */
const otherColumns = 26

const ledgerLines = (ledger: readonly LedgerEntry[], now: number, output: Output): string[] => {
  if (ledger.length === 0) return []
  const earlier = ledger.length - shownEntries
  const rows = ledger.slice(-shownEntries).map((entry) => {
    const [paint, mark] = ledgerMarks[entry.state]
    const name = nameCell(entry, output.columns - otherColumns, output)
    return [`${output.paint(paint, mark)} ${name}`, formatDuration(entry.durationMs), age(entry.at, now)]
  })
  const [head = '', ...lines] = table([['  MIGRATION', 'TOOK', 'AT'], ...rows], ['left', 'right', 'left'])
  const more = earlier > 0 ? [output.paint('dim', `  … ${earlier} earlier ones; --json lists them all`)] : []
  return ['', output.paint('dim', head), ...more, ...lines]
}

/** How long ago, or the date once days have passed. */
const age = (instant: string, now: number): string => {
  const ageMs = now - Date.parse(instant)
  return ageMs < 2 * 24 * 3_600_000 ? formatAge(Math.max(ageMs, 0)) : formatInstant(instant)
}

import type { Reason } from './flatten.ts'
import { setsTimeout, settingChange } from './session-settings.ts'
import { lineOfByte, noticeOf, type SqlFile } from './sql-file.ts'
import type { Statement } from './statements.ts'
import type { StepBody } from './step-source.ts'
import type { Notice } from './types.ts'

/** What a file was found to be. */
interface Findings {
  readonly statements: readonly Statement[]
  readonly body: StepBody
  /** Why it can't be one transaction, where no directive decided. */
  readonly reason: Reason | undefined
}

/** Remarks on a file that compiled: that it is empty, what of it is left out, and why it is not one transaction. */
export const noticesOf = (file: SqlFile, { statements, body, reason }: Findings): readonly Notice[] => [
  ...emptyNotice(file, statements),
  ...timeoutNotice(file, statements.filter(setsTimeout)),
  ...unitsNotice(file, body, reason),
]

const emptyNotice = (file: SqlFile, statements: readonly Statement[]): readonly Notice[] =>
  statements.length > 0 ? [] : [noticeOf(file, 'EMPTY_FILE', 'it has no statement; running it only records it')]

const timeoutNotice = (file: SqlFile, timeouts: readonly Statement[]): readonly Notice[] => {
  const [first] = timeouts
  if (!first) return []
  const names = Array.from(new Set(timeouts.map((statement) => settingChange(statement)?.name ?? '')))
  const line = lineOfByte(file, first.startByte)
  const ways = names.filter((name) => directiveNames.has(name)).map((name) => `\`-- lockstep:${name}=…\``)
  const way = ways.length === 0 ? 'the runner sets its own' : `write ${ways.join(', ')} at the top of the file instead`
  return [noticeOf(file, 'TIMEOUT_LEFT_OUT', `SET ${names.join(', ')} (line ${line}) is left out; ${way}`)]
}

const directiveNames: ReadonlySet<string> = new Set(['lock_timeout', 'statement_timeout'])

const unitsNotice = (file: SqlFile, body: StepBody, reason: Reason | undefined): readonly Notice[] => {
  // A single unit is whole or not at all, like a transaction, so there is nothing to remark.
  if (!reason || body.kind !== 'units' || body.units.length === 1) return []
  const line = lineOfByte(file, reason.statement.startByte)
  const message = `it runs as ${body.units.length} units, not as one transaction; line ${line}: ${reason.why}`
  return [noticeOf(file, 'RUNS_AS_UNITS', message)]
}

import { LockstepError } from '../../functions/domain/errors.ts'
import type { StepOrder } from '../../functions/engine/target-database.ts'

/**
 * What a text in memory does when it is "run", told by comments in it; whatever else it says is not looked at.
 *
 * ```sql
 * -- fails: 42P01        every run fails with this SQLSTATE
 * -- lock_timeout: 2     the first two runs fail with 55P03
 * -- leaves: invalid     a run that fails leaves an invalid index behind
 * -- returns: false    an assertion returns it, and so does not hold
 * -- keeps: 3           what it drops has so many rows
 * -- takes: 5000         milliseconds on the database's clock, before it succeeds or fails
 * ```
 */
export interface ToldOutcome {
  readonly sqlState?: string
  readonly leavesInvalid: boolean
  readonly takesMs: number
  readonly keeps: number
  readonly returns?: string
}

/** Reads what a text says of its own run. @param runs how often it ran before */
export const toldOutcome = (text: string, runs: number): ToldOutcome => {
  const told = (name: string): string | undefined => new RegExp(`^\\s*.*-- ${name}: (\\w+)`, 'm').exec(text)?.[1]
  const sqlState = runs < Number(told('lock_timeout') ?? 0) ? '55P03' : told('fails')
  const returns = told('returns')
  return {
    ...(returns !== undefined && { returns }),
    ...(sqlState !== undefined && { sqlState }),
    leavesInvalid: told('leaves') === 'invalid',
    takesMs: Number(told('takes') ?? 0),
    keeps: Number(told('keeps') ?? 0),
  }
}

/** The error of a migration's own SQL, as the real database words it. */
export const migrationFailed = (order: StepOrder, sqlState: string): LockstepError => {
  const { name } = order.source.migration
  return new LockstepError('MIGRATION_FAILED', `${name} failed: as its text says`, { migration: name, sqlState })
}

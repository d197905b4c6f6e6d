import type { Json } from '../domain/audit.ts'
import { asLockstepError, type ErrorDetails, LockstepError, toFailure } from '../domain/errors.ts'
import type { RunEnd, RunRecord } from '../domain/records.ts'
import type { TargetSettings } from '../domain/settings.ts'
import { LeaseHeld } from './lease.ts'
import type { RunContext } from './run-context.ts'
import type { RunnerAnswer } from './runner-contract.ts'

/** What an error means for its run: an end, or another try later. */
export type Verdict =
  | { readonly kind: 'end'; readonly end: RunEnd }
  | { readonly kind: 'again'; readonly answer: RunnerAnswer; readonly because: string }

/**
 * Judges what was thrown in a slice. Refusals and failures end the run; a lease held by others and infrastructure faults send it
 * back to the queue, the latter within the target's bounds; a bug ends the run too, since it would happen again.
 */
export async function judge(context: RunContext, thrown: unknown): Promise<Verdict> {
  const error = asLockstepError(thrown)
  const because = error.code
  switch (error.kind) {
    case 'held':
      return { kind: 'again', because, answer: await answerHeld(context, error) }
    case 'unreachable':
      return await judgeFault(context, error)
    case 'refused':
    case 'usage':
      return { kind: 'end', end: endBy('REFUSED', error) }
    case 'bug':
    case 'interrupted':
      context.log.warn('a bug ended the run', { error: error.message, stack: stackOf(thrown) })
      return { kind: 'end', end: endBy('FAILED', error) }
    case 'failed':
      return { kind: 'end', end: endBy('FAILED', error) }
  }
}

/** Answers who holds the lease, as it is now; where LOCK is gone (the control table was restored), the run has to begin again. */
export async function answerHeld(context: RunContext, error?: LockstepError): Promise<RunnerAnswer> {
  if (error instanceof LeaseHeld) return { kind: 'held', holder: error.holder }
  if (error?.code !== 'LEASE_HELD') context.observe(context.request.target, 'overtaken', 1)
  const holder = await context.control.readLock(context.request.target)
  if (holder !== undefined) return { kind: 'held', holder }
  const gone = error ?? new LockstepError('LEASE_LOST', `the lock of ${context.request.target} is gone`)
  return { kind: 'unreachable', failure: toFailure(gone) }
}

/** What `run.finished` tells of an end. */
export const finished = ({
  state,
  applied,
  bundle,
  failure,
}: RunEnd): { readonly [key: string]: Json | undefined } => ({
  state,
  applied,
  bundle,
  code: failure?.code,
  message: failure?.message,
  migration: failure?.migration,
  sqlState: failure?.sqlState,
})

const endBy = (state: 'REFUSED' | 'FAILED', error: LockstepError): RunEnd => ({
  state,
  applied: 0,
  failure: toFailure(error),
  notices: [],
})

async function judgeFault(context: RunContext, error: LockstepError): Promise<Verdict> {
  const { control, clock, request, settings, log } = context
  const failure = toFailure(error)
  log.warn('infrastructure fault', { code: failure.code, reason: failure.message })
  const run = await control.countFault(request.target, request.run, { at: clock.now(), failure })
  if (!isExhausted(run, settings, Date.parse(clock.now()))) {
    return { kind: 'again', because: error.code, answer: { kind: 'unreachable', failure } }
  }
  const details: ErrorDetails = { ...error.details, hint: error.hint, cause: error }
  const message = `given up after ${run.faults} tries since ${run.firstFaultAt}: ${error.message}`
  return { kind: 'end', end: endBy('FAILED', new LockstepError('TARGET_UNREACHABLE', message, details)) }
}

const isExhausted = (run: RunRecord, { policy }: TargetSettings, nowMs: number): boolean =>
  run.faults >= policy.faultAttempts ||
  (run.firstFaultAt !== undefined && nowMs - Date.parse(run.firstFaultAt) >= policy.faultWindowMs)

const stackOf = (thrown: unknown): string | undefined => (thrown instanceof Error ? thrown.stack : undefined)

import { type Admission, findAdmissions, refuseReplayed } from '../domain/admission.ts'
import type { Bundle } from '../domain/bundle.ts'
import { LockstepError } from '../domain/errors.ts'
import type { RunContext } from './run-context.ts'

/**
 * Judges by the target's settings whether a bundle may run here: who signed it, until when, upon what, and where it has to have
 * succeeded first. Needs no lease, so a refusal waits for nobody.
 *
 * @returns the admission by which it may; undefined where the target asks for no signature
 * @throws LockstepError SIGNATURE_*, PROMOTION_REQUIRED
 */
export async function admitBundle(context: RunContext, bundle: Bundle): Promise<Admission | undefined> {
  const admission = await admitSignature(context, bundle)
  const { control, settings } = context
  const { after } = settings.policy
  if (after !== null && !(await control.hasSucceeded(after, bundle.digest))) {
    const message = `bundle ${bundle.digest.slice(0, shownDigits)} has not succeeded on ${after} yet`
    throw new LockstepError('PROMOTION_REQUIRED', message, { names: [after] })
  }
  return admission
}

const shownDigits = 12

/**
 * Finds the statement by which a bundle may run here, as the target stands now. While a run waits for its lease, others may succeed,
 * so it is asked again under the lease, where nothing moves any more.
 *
 * @throws LockstepError SIGNATURE_*
 */
export async function admitSignature(context: RunContext, bundle: Bundle): Promise<Admission | undefined> {
  const { control, clock, run, settings } = context
  const { target, policy } = settings
  if (policy.signers.length === 0) return undefined
  const admissions = findAdmissions(bundle, { target, signers: policy.signers, at: run.startedAt ?? clock.now() })
  const [lock, succeeded] = await Promise.all([control.readLock(target), control.hasSucceeded(target, bundle.digest)])
  return refuseReplayed(admissions, { standing: lock?.standing, succeeded })
}

import type { Bundle } from './bundle.ts'
import type { ErrorCode } from './error-table.ts'
import { LockstepError } from './errors.ts'
import { listNames } from './names.ts'
import type { SignedStatement } from './signature-file.ts'
import { isSignedBy, type Signer } from './signer.ts'
import type { BundleStatement } from './statement.ts'
import type { Instant, Sha256, TargetName } from './types.ts'

/** A statement that holds, and the pinned key that signed it. */
export interface Admission {
  readonly signer: Signer
  readonly statement: BundleStatement
}

/** Who may admit what, and when it is asked. */
export interface AdmissionQuestion {
  readonly target: TargetName
  readonly signers: readonly Signer[]
  /** When the run first began; one that is under way is not stopped by its statement's expiry. */
  readonly at: Instant
}

/** A signature counts for so long after it expired: machines' clocks differ. */
export const expiryToleranceMs = 300_000

/**
 * Finds the statements by which a bundle is admitted to a target; whether they were used up is judged by `refuseReplayed`. Signatures
 * for others, by others, are passed over as long as one holds.
 *
 * @throws LockstepError SIGNATURE_MISSING without any; else what is wrong with the one that comes nearest: SIGNATURE_INVALID,
 *   SIGNATURE_OTHER_TARGET, SIGNATURE_EXPIRED
 */
export function findAdmissions(bundle: Bundle, question: AdmissionQuestion): readonly Admission[] {
  const { manifest, signatures = [] } = bundle
  if (signatures.length === 0) {
    const why = manifest === undefined ? 'has no manifest, and so no signature' : 'has no signature'
    throw new LockstepError('SIGNATURE_MISSING', `the bundle ${why}, and ${question.target} requires one`)
  }
  const judged = signatures.map((signed) => judge(signed, bundle, question))
  const admissions = judged.filter(isAdmission)
  if (admissions.length > 0) return admissions
  throw nearest(judged.filter((verdict) => verdict instanceof LockstepError))
}

type Verdict = Admission | LockstepError
const isAdmission = (verdict: Verdict): verdict is Admission => !(verdict instanceof LockstepError)

/** From far to near: the nearest says most about what to do. */
const nearness: readonly ErrorCode[] = ['SIGNATURE_INVALID', 'SIGNATURE_OTHER_TARGET', 'SIGNATURE_EXPIRED']

const nearest = (refusals: readonly LockstepError[]): unknown =>
  refusals.toSorted((a, b) => nearness.indexOf(b.code) - nearness.indexOf(a.code))[0]

/** Nothing that a statement says counts before its signature was verified. */
function judge(signed: SignedStatement, bundle: Bundle, question: AdmissionQuestion): Verdict {
  const { path, statement } = signed
  const refusal = (code: ErrorCode, message: string) => new LockstepError(code, `${path} ${message}`, { names: [path] })
  const signer = question.signers.find((candidate) => isSignedBy(signed, candidate))
  if (signer === undefined) return refusal('SIGNATURE_INVALID', unverified(statement, question))
  if (statement.digest !== bundle.digest || statement.manifest !== bundle.manifestDigest) {
    return refusal('SIGNATURE_INVALID', `was signed by ${signer.id} for another bundle`)
  }
  if (statement.target !== question.target) {
    return refusal('SIGNATURE_OTHER_TARGET', `is for ${statement.target}, expected ${question.target}`)
  }
  if (Date.parse(question.at) > Date.parse(statement.expires) + expiryToleranceMs) {
    return refusal('SIGNATURE_EXPIRED', `expired at ${statement.expires}, it is ${question.at}`)
  }
  return { signer, statement }
}

const unverified = ({ key }: BundleStatement, { target, signers }: AdmissionQuestion): string =>
  `does not verify with a key of ${target} (${listNames(signers.map(({ id }) => id))}); it names key ${short(key)}`

/** What is known of a target's past. */
export interface TargetPast {
  /** What the target stands at: the digest of what succeeded last. */
  readonly standing: Sha256 | undefined
  /** Whether the bundle has succeeded on the target before. */
  readonly succeeded: boolean
}

/**
 * Refuses a bundle whose statements were used up. One with a parent holds while the target stands at that parent; one without, until
 * something else succeeds after its bundle did. Pushing again what succeeded last is no replay: nothing is pending then.
 *
 * @returns the admission that holds
 * @throws LockstepError SIGNATURE_REPLAYED
 */
export function refuseReplayed(admissions: readonly Admission[], past: TargetPast): Admission {
  const fresh = admissions.find(({ statement }) => isFresh(statement, past))
  if (fresh !== undefined) return fresh
  const standing = past.standing === undefined ? 'nothing that is known' : short(past.standing)
  const parents = admissions.map(({ statement: { parent } }) => (parent === undefined ? 'none' : short(parent)))
  const message = past.succeeded
    ? `the bundle succeeded here before, and ${standing} came after it; its statement's parent: ${listNames(parents)}`
    : `the target stands at ${standing}, expected the statement's parent ${listNames(parents)}`
  throw new LockstepError('SIGNATURE_REPLAYED', message)
}

const isFresh = ({ parent, digest }: BundleStatement, { standing, succeeded }: TargetPast): boolean =>
  standing === digest || (parent === undefined ? !succeeded : parent === standing)

const shownDigits = 12
const short = (digest: Sha256): string => digest.slice(0, shownDigits)

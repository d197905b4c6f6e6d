import { signBundle } from '../../functions/adapters/bundle-signing.ts'
import type { Bundle } from '../../functions/domain/bundle.ts'
import { defaultLimits } from '../../functions/domain/limits.ts'
import type { SignedStatement } from '../../functions/domain/signature-file.ts'
import { instant, type Notice, type Sha256, type TargetName } from '../../functions/domain/types.ts'
import { openSigningKey } from '../../functions/edge/compose-signing.ts'
import type { SignOptions } from './options.ts'
import type { Output } from './output.ts'
import type { PackedBundle } from './packed-bundle.ts'
import { toAbsolute } from './paths.ts'

/** What is to be signed: with which key, for which target, how long it holds, and upon what. */
export interface SignInput extends SignOptions {
  /** A file, or a key of KMS by its id, ARN or alias. */
  readonly key: string
  readonly target: TargetName
}

/**
 * Signs a bundle for a target.
 *
 * @throws LockstepError KEY_INVALID, AWS_DENIED, AWS_UNREACHABLE; USAGE for a zip without a manifest
 */
export async function signInput(
  bytes: Uint8Array,
  input: SignInput,
  cwd: string,
): Promise<{ readonly bytes: Uint8Array; readonly signed: SignedStatement }> {
  const key = await openSigningKey(input.key, (name) => toAbsolute(name, cwd))
  const { target, parent } = input
  const expires = instant(new Date(inWholeSeconds(Date.now() + input.expires)))
  const wish = { target, expires, ...(parent !== undefined && { parent }) }
  return await signBundle(bytes, { key, wish, limits: defaultLimits })
}

/** Signs what was packed, where a key was given. @throws what `signInput` throws */
export async function signPacked(packed: PackedBundle, options: PackedSigning, cwd: string): Promise<PackedBundle> {
  const { sign, target, ...rest } = options
  if (sign === undefined || target === undefined) return packed
  const { bytes, signed } = await signInput(packed.bytes, { ...rest, key: sign, target }, cwd)
  return { ...packed, bytes, signatures: [...packed.signatures, signed] }
}

type PackedSigning = SignOptions & { readonly sign?: string; readonly target?: TargetName }

/** A statement says seconds; up, so that it never holds shorter than was asked. */
const inWholeSeconds = (ms: number): number => Math.ceil(ms / 1_000) * 1_000

/** A signature as documents show it. */
export const toSignatureDocument = ({ statement: { target, key, expires, parent } }: SignedStatement) => ({
  target,
  key,
  expires,
  parent: parent ?? null,
})

/** Tells of signatures that lie in a bundle for which they were not made; no target would count them. */
export const strangeSignatures = ({ digest, manifestDigest, signatures = [] }: Bundle): readonly Notice[] =>
  signatures
    .filter(({ statement }) => statement.digest !== digest || statement.manifest !== manifestDigest)
    .map(({ path }) => ({ code: 'SIGNATURE_STRANGE', message: `${path} was made for another bundle` }))

/** Lays signatures out for people, a line each. */
export const signatureLines = (signatures: readonly SignedStatement[], output: Output): string[] =>
  signatures.map((signed) => `  signed ${signatureText(signed, output)}`)

/** Says in a line what a signature is for; whether it verifies, only a target's settings can tell. */
export function signatureText(
  { statement: { target, key, expires, parent } }: SignedStatement,
  output: Output,
): string {
  const isOver = Date.parse(expires) < Date.now()
  const until = isOver ? output.paint('red', `expired ${day(expires)}`) : `until ${day(expires)}`
  const upon = parent === undefined ? [] : [`upon ${short(parent)}`]
  return [`for ${target}`, until, `by key ${short(key)}`, ...upon].join(' · ')
}

const shownDigits = 12
const short = (digest: Sha256): string => digest.slice(0, shownDigits)
const day = (expires: string): string => expires.slice(0, 10)

import { LockstepError } from './errors.ts'
import { type Instant, instant, isTargetName, type Sha256, type TargetName } from './types.ts'

/** What a signature says: this bundle may go to this target, until then, and upon what went before. */
export interface BundleStatement {
  /** The bundle's digest, over its files. */
  readonly digest: Sha256
  /** The SHA-256 of `lockstep.json`, byte for byte: what a push asks for beside the files is signed with them. */
  readonly manifest: Sha256
  readonly target: TargetName
  /** What the target must stand at: the digest of the bundle, or of the rollback's plan, that succeeded there last. */
  readonly parent?: Sha256
  /** Whole seconds. */
  readonly expires: Instant
  /** Names the key: the SHA-256 of the public key. */
  readonly key: Sha256
}

const heading = 'lockstep bundle statement 1'
const noParent = '-'

/**
 * Prints a statement as the bytes that are signed: one line a field, in this order, each ended by a line feed. There is one such text
 * for a statement, and a shell can write it.
 */
export const printStatement = ({ digest, manifest, target, parent, expires, key }: BundleStatement): string =>
  [
    heading,
    `digest ${digest}`,
    `manifest ${manifest}`,
    `target ${target}`,
    `parent ${parent ?? noParent}`,
    `expires ${inSeconds(expires)}`,
    `key ${key}`,
    '',
  ].join('\n')

const inSeconds = (at: Instant): string => at.replace(/\.\d{3}Z$/, 'Z')

/** Matches the whole text; nothing may stand before, between or behind. */
const shape =
  /^lockstep bundle statement 1\ndigest ([0-9a-f]{64})\nmanifest ([0-9a-f]{64})\ntarget ([a-z0-9-]+)\nparent (-|[0-9a-f]{64})\nexpires (\S+)\nkey ([0-9a-f]{64})\n$/

/**
 * Parses a statement; whatever is accepted prints as the very same text.
 *
 * @throws LockstepError SIGNATURE_INVALID when it is not exactly what `printStatement` writes
 */
export function parseStatement(text: string, path: string): BundleStatement {
  const [, digest, manifest, target = '', parent, expires = '', key] = shape.exec(text) ?? []
  const time = new Date(expires)
  if (digest === undefined || !isTargetName(target) || Number.isNaN(time.getTime())) throw malformed(text, path)
  const statement = {
    digest: digest as Sha256,
    manifest: manifest as Sha256,
    target,
    ...(parent !== noParent && { parent: parent as Sha256 }),
    expires: instant(time),
    key: key as Sha256,
  }
  // A day that no month has, or a time zone, would be a second text for one statement.
  if (printStatement(statement) !== text) throw malformed(text, path)
  return statement
}

function malformed(text: string, path: string): LockstepError {
  const [first = ''] = text.split('\n')
  const newer = /^lockstep bundle statement (\d+)$/.exec(first)
  if (newer !== null && first !== heading) {
    const message = `${path} has a statement of format ${newer[1]}, this Lockstep reads 1`
    return new LockstepError('SIGNATURE_INVALID', message, { names: [path] })
  }
  const message = `${path} is no signed statement, expected the lines of docs/bundle-format.md`
  return new LockstepError('SIGNATURE_INVALID', message, { names: [path] })
}

import { canonicalJson } from './canonical-json.ts'
import { sha256 } from './checksum.ts'
import { LockstepError } from './errors.ts'
import type { BundleObject } from './records.ts'
import { isTargetName, type RunId, runId, type Sha256, type TargetName } from './types.ts'

/** What the name of a new object is made of; the uuid makes each push an object of its own. */
export interface BundleKeyParts {
  readonly target: TargetName
  readonly digest: Sha256
  readonly uuid: string
}

/** Hex digits of the digest in a key: enough to recognise a bundle by eye. */
const shownDigits = 12

/** Makes the key that `push` writes to: `bundles/<target>/<digest, 12 hex>-<uuid>.zip`. */
export const bundleKey = ({ target, digest, uuid }: BundleKeyParts): string =>
  `bundles/${target}/${digest.slice(0, shownDigits)}-${uuid}.zip`

/**
 * Reads the target from an object's (decoded) key; the name of the zip may be anything.
 *
 * @throws LockstepError EVENT_INVALID when the key is no bundle's, TARGET_NAME_INVALID when its target can't be one
 */
export function targetOfKey(key: string): TargetName {
  const target = /^bundles\/([^/]+)\/[^/]+\.zip$/.exec(key)?.[1]
  if (target === undefined) {
    throw new LockstepError('EVENT_INVALID', `the key is ${JSON.stringify(key)}, expected bundles/<target>/<name>.zip`)
  }
  if (isTargetName(target)) return target
  throw new LockstepError('TARGET_NAME_INVALID', `${JSON.stringify(target)} in the key ${key} is no target's name`)
}

/** Hex digits of a run's id: 96 bits, so two uploads never meet. */
const idDigits = 24

/**
 * Derives a run's id from its object, so that a repeated event is the same run, and `push` finds its own run from the answer to
 * its PUT. The version counts where the store has versions, else the ETag, with or without its quotes.
 *
 * @throws LockstepError EVENT_INVALID when the object has neither
 */
export function runIdOf(object: BundleObject): RunId {
  const { bucket, key } = object
  const [versionId, etag] = [realVersion(object.versionId), bareEtag(object.etag)]
  if (versionId === undefined && etag === undefined) {
    throw new LockstepError('EVENT_INVALID', `the object ${key} has neither a version id nor an ETag`)
  }
  const identity = versionId === undefined ? { bucket, key, etag } : { bucket, key, versionId }
  return runId(`r-${sha256(canonicalJson(identity)).slice(0, idDigits)}`)
}

/** Passes a version id on that names a version; a bucket without versions, or with suspended ones, says "null". */
export const realVersion = (versionId: string | undefined): string | undefined =>
  versionId === 'null' ? undefined : versionId || undefined

/** Takes the quotes off an ETag, which S3's answers have and its events lack. */
export const bareEtag = (etag: string | undefined): string | undefined => etag?.replaceAll('"', '') || undefined

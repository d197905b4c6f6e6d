import type { BundleObject } from '../domain/records.ts'

/** Where bundles lie: a bucket that keeps every version of every object. */
export interface BundleStore {
  /**
   * Reads a whole object: exactly the version that `object` names, or the bytes with its ETag where there are no versions.
   *
   * @param maxBytes an object that is larger is refused before it is downloaded
   * @throws LockstepError OBJECT_GONE when it (or that version of it) is not there any more, BUNDLE_TOO_LARGE, AWS_DENIED,
   *   AWS_UNREACHABLE
   */
  fetch(object: BundleObject, maxBytes: number): Promise<Uint8Array>

  /**
   * Writes a new object and never over another; a repeated call with the same bytes answers as the first did.
   *
   * @throws LockstepError INTERNAL when other bytes lie there (keys are new each time), AWS_DENIED, AWS_UNREACHABLE
   */
  put(upload: BundleUpload): Promise<BundleObject>
}

export interface BundleUpload {
  readonly bucket: string
  readonly key: string
  readonly bytes: Uint8Array
}

import { sha256 } from '../../functions/domain/checksum.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { BundleObject } from '../../functions/domain/records.ts'
import type { BundleStore } from '../../functions/engine/bundle-store.ts'

/** Bundles in memory, in a bucket without versions; `remove` is what a lifecycle rule or a person does. */
export interface MemoryBundleStore extends BundleStore {
  remove(object: BundleObject): void
}

/** Makes an empty store. */
export function memoryBundleStore(): MemoryBundleStore {
  const objects = new Map<string, { readonly bytes: Uint8Array; readonly etag: string }>()
  const nameOf = ({ bucket, key }: { bucket: string; key: string }) => `${bucket}/${key}`
  return {
    async fetch(object, maxBytes) {
      const found = objects.get(nameOf(object))
      if (found === undefined || (object.etag !== undefined && object.etag !== found.etag)) {
        throw new LockstepError('OBJECT_GONE', `${object.key} is not in bucket ${object.bucket} any more`)
      }
      if (found.bytes.length <= maxBytes) return found.bytes
      throw new LockstepError(
        'BUNDLE_TOO_LARGE',
        `${object.key} has ${found.bytes.length} bytes, at most ${maxBytes} are allowed`,
      )
    },
    async put(upload) {
      const etag = sha256(upload.bytes)
      const there = objects.get(nameOf(upload))
      if (there !== undefined && there.etag !== etag) {
        throw new LockstepError('INTERNAL', `other bytes lie at the new key ${upload.key}`)
      }
      objects.set(nameOf(upload), { bytes: upload.bytes, etag })
      return { bucket: upload.bucket, key: upload.key, etag }
    },
    remove: (object) => void objects.delete(nameOf(object)),
  }
}

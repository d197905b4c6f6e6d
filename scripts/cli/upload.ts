import { randomUUID } from 'node:crypto'
import { bundleKey, runIdOf } from '../../functions/domain/bundle-key.ts'
import type { BundleObject } from '../../functions/domain/records.ts'
import type { RunId, TargetName } from '../../functions/domain/types.ts'
import type { PackedBundle } from './packed-bundle.ts'
import type { Connection } from './ports.ts'

/** What an upload started. */
export interface Upload {
  readonly object: BundleObject
  readonly run: RunId
}

/** Uploads a bundle as an object of its own, which starts a run; the run's id follows from the store's answer. */
export async function upload(
  { bundles, bundleBucket }: Connection,
  target: TargetName,
  packed: PackedBundle,
): Promise<Upload> {
  const key = bundleKey({ target, digest: packed.digest, uuid: randomUUID() })
  const object = await bundles.put({ bucket: bundleBucket, key, bytes: packed.bytes })
  return { object, run: runIdOf(object) }
}

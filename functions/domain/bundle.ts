import type { BundleManifest } from './bundle-manifest.ts'
import type { FileSource } from './file-source.ts'
import type { SignedStatement } from './signature-file.ts'
import type { Sha256 } from './types.ts'

/** A history that was opened from a zip or from a folder, and validated whole. */
export interface Bundle extends FileSource {
  /** The digest over the list of files; the same history has the same one, zipped or not. */
  readonly digest: Sha256
  /** What `lockstep.json` says; a plain zip and a folder have none. */
  readonly manifest?: BundleManifest
  /** The SHA-256 of `lockstep.json`, byte for byte, where there is one: signed statements name it. */
  readonly manifestDigest?: Sha256
  /** What lies beside the manifest below `lockstep.signatures/`, not judged yet. */
  readonly signatures?: readonly SignedStatement[]
}

import { compareBytes } from './byte-order.ts'
import type { Certificates } from './certificate.ts'
import { sha256 } from './checksum.ts'
import type { FileRef } from './file-source.ts'
import type { MigrationName, Sha256 } from './types.ts'

/** Where the manifest lies in a bundle. */
export const manifestPath = 'lockstep.json'
/** The format that this Lockstep writes and reads. */
export const manifestFormat = 1

/** Where a history comes from, as the pipeline knows it. */
export interface BundleOrigin {
  readonly commit?: string
  readonly branch?: string
  readonly url?: string
}

/** What a bundle says of itself: `lockstep.json`. */
export interface BundleManifest {
  readonly format: typeof manifestFormat
  readonly source: BundleOrigin
  /** Every file of the bundle but the manifest, in byte order of their paths. */
  readonly files: readonly FileRef[]
  /** The digest over `files`. */
  readonly digest: Sha256
  /** Held-back migrations that this push releases. */
  readonly reapply?: readonly MigrationName[]
  /** What was proved of going back; a statement about the files, so the digest does not cover it. */
  readonly certificates?: Certificates
}

/** What the packer decides; the rest of a manifest follows from the files. */
export interface ManifestInput {
  readonly source?: BundleOrigin
  readonly reapply?: readonly MigrationName[]
  readonly certificates?: Certificates
}

/** Makes the manifest of these files; credentials in the origin's URL are left out. */
export function makeManifest(files: readonly FileRef[], input: ManifestInput): BundleManifest {
  const sorted = files.toSorted((a, b) => compareBytes(a.path, b.path))
  const reapply = [...new Set(input.reapply)].sort(compareBytes)
  const certificates = Object.entries(input.certificates ?? {}).sort(([a], [b]) => compareBytes(a, b))
  return {
    format: manifestFormat,
    source: withoutCredentials(input.source ?? {}),
    files: sorted,
    digest: digestOf(sorted),
    ...(reapply.length > 0 && { reapply }),
    ...(certificates.length > 0 && { certificates: Object.fromEntries(certificates) }),
  }
}

const withoutCredentials = (origin: BundleOrigin): BundleOrigin =>
  origin.url === undefined ? origin : { ...origin, url: origin.url.replace(/^([a-z+.-]+:\/\/)[^/@]*@/i, '$1') }

/**
 * Computes the digest over a list of files: the SHA-256 of what `sha256sum` prints for them, in byte order of their paths.
 * So anyone can compute it in a shell; docs/bundle-format.md shows how.
 */
export const digestOf = (files: readonly FileRef[]): Sha256 =>
  sha256(
    files
      .toSorted((a, b) => compareBytes(a.path, b.path))
      .map((file) => `${file.sha256}  ${file.path}\n`)
      .join(''),
  )

/** Prints a manifest in its canonical form: fixed order of keys, two spaces, a line feed at the end. */
export function printManifest(manifest: BundleManifest): string {
  const { format, digest, source, reapply, certificates, files } = manifest
  const { commit, branch, url } = source
  const canonical = {
    format,
    digest,
    source: { commit, branch, url },
    reapply,
    certificates,
    files: files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
  }
  return `${JSON.stringify(canonical, null, 2)}\n`
}

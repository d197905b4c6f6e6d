import type { Bundle } from '../domain/bundle.ts'
import type { BundleLimits } from '../domain/settings.ts'

/** Opens a bundle's bytes; refuses with the BUNDLE_*, MANIFEST_* and FILE_* codes, and SIGNATURE_INVALID. */
export type OpenBundle = (bytes: Uint8Array, limits: BundleLimits) => Promise<Bundle>

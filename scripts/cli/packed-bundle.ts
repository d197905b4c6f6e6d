import { packBundle } from '../../functions/adapters/bundle-writer.ts'
import { type BundleOrigin, type ManifestInput, makeManifest } from '../../functions/domain/bundle-manifest.ts'
import type { Certificates } from '../../functions/domain/certificate.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { SignedStatement } from '../../functions/domain/signature-file.ts'
import type { Sha256 } from '../../functions/domain/types.ts'
import { gitOrigin } from './git-origin.ts'
import type { HistoryInput } from './history-input.ts'

/** A bundle, ready to be written or uploaded. */
export interface PackedBundle {
  readonly bytes: Uint8Array
  readonly digest: Sha256
  readonly origin: BundleOrigin
  readonly signatures: readonly SignedStatement[]
}

/**
 * Packs a folder, with its origin from git; a zip is taken as it is.
 *
 * @param contents held-back migrations that this push releases, and the certificates that the manifest of a folder carries
 * @throws LockstepError USAGE when a zip should say what to reapply: that is part of its manifest
 */
export async function packInput(
  input: HistoryInput,
  { reapply = [], certificates = {} }: Omit<ManifestInput, 'source'>,
): Promise<PackedBundle> {
  const { digest, manifest, signatures = [] } = input.bundle
  if (input.kind === 'folder') {
    const contents = { source: await gitOrigin(input.path), reapply, certificates }
    const bytes = await packBundle(input.bundle, contents)
    // As the manifest says it: without the credentials that a URL may carry.
    return { bytes, digest, origin: makeManifest(input.bundle.files, contents).source, signatures: [] }
  }
  if (reapply.length === 0) return { bytes: input.bytes, digest, origin: manifest?.source ?? {}, signatures }
  throw new LockstepError('USAGE', '--reapply needs the folder, not a bundle that is packed already', {
    hint: 'push the folder of migrations itself, or pack it anew',
  })
}

/** Says how many migrations of a bundle are certified; nothing where none is. */
export function certifiedText(certificates: Certificates): string {
  const certified = Object.keys(certificates).length
  return certified === 0 ? '' : `${certified} certified`
}

/** Says in a few words where a bundle comes from: ` · 1cd0955 on main`. */
export function originText({ commit, branch }: BundleOrigin): string {
  if (commit === undefined) return ''
  const [hash = '', dirty] = commit.split('-')
  const name = `${hash.slice(0, 12)}${dirty === undefined ? '' : `-${dirty}`}`
  return branch === undefined ? name : `${name} on ${branch}`
}

import type { BundleManifest } from './bundle-manifest.ts'
import { LockstepError } from './errors.ts'
import { listNames } from './names.ts'
import type { StepSource } from './step-source.ts'
import type { MigrationName } from './types.ts'

/** What `lockstep certify` found out about going back, a sentence for each migration. */
export type Certificates = Readonly<Record<MigrationName, string>>

/** Longest text of a certificate: each is kept in a receipt and shown in a plan. */
export const maxCertificateLength = 2_000

const certificatePattern = /^(reversible|(reversible, loses|irreversible): \S.*)$/

/** Tells whether a text is a certificate: `reversible`, `reversible, loses: …` or `irreversible: …`, on one line. */
export const isCertificate = (text: string): boolean =>
  text.length <= maxCertificateLength && certificatePattern.test(text)

/** The certificate of a migration, if there is one. */
export const certificateOf = (certificates: Certificates | undefined, name: MigrationName): string | undefined =>
  certificates !== undefined && Object.hasOwn(certificates, name) ? certificates[name] : undefined

/** Gives a step what its bundle's certificate says, for the receipt, so that a rollback's plan can show it. */
export const withCertificate = (source: StepSource, manifest: BundleManifest | undefined): StepSource => {
  const certificate = certificateOf(manifest?.certificates, source.migration.name)
  return certificate === undefined ? source : { ...source, wayBack: { ...source.wayBack, certificate } }
}

/**
 * Refuses steps of which nobody has proved what going back does. One that says by its directive that there is no way back has
 * said enough.
 *
 * @throws LockstepError CERTIFICATE_REQUIRED; `names` has all of them
 */
export function refuseUncertified(sources: readonly StepSource[]): void {
  const bare = sources.filter(
    ({ wayBack }) => wayBack?.certificate === undefined && wayBack?.irreversible === undefined,
  )
  refuseWithoutCertificate(bare.map((source) => source.migration.name))
}

/** @throws LockstepError CERTIFICATE_REQUIRED when there are any; `names` has all of them */
export function refuseWithoutCertificate(names: readonly MigrationName[]): void {
  if (names.length === 0) return
  throw new LockstepError('CERTIFICATE_REQUIRED', `no certificate of going back: ${listNames(names)}`, { names })
}

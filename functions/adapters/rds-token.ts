import { LockstepError } from '../domain/errors.ts'
import { rdsRegionOf } from '../domain/rds-host.ts'
import type { Connection } from '../domain/settings.ts'

/**
 * Signs an authentication token of RDS for a login role. It is signed here, so nothing has to be asked over a network; the signer
 * is loaded when the first token is wanted.
 *
 * @param region of the function, for hosts whose names tell none
 * @throws LockstepError SETTINGS_INVALID when no region is known; AWS_UNREACHABLE when the function has no credentials
 */
export const signRdsToken =
  (region: string | undefined) =>
  async ({ host, port, user }: Pick<Connection, 'host' | 'port' | 'user'>): Promise<string> => {
    const where = rdsRegionOf(host) ?? region
    if (where === undefined) {
      const message = `no region is known of ${host}, expected an RDS endpoint or AWS_REGION`
      throw new LockstepError('SETTINGS_INVALID', message)
    }
    const { Signer } = await import('@aws-sdk/rds-signer')
    try {
      return await new Signer({ hostname: host, port, username: user, region: where }).getAuthToken()
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new LockstepError('AWS_UNREACHABLE', `cannot sign a token for ${user} at ${host}:${port}: ${why}`, {
        cause,
      })
    }
  }

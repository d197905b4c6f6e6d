import type { Connection, TargetSettings } from '../../functions/domain/settings.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'

/** Settings of a target that lies nowhere, for databases in memory: the defaults of a deploy. */
export const targetSettings = (target: string, connection: Partial<Connection> = {}): TargetSettings =>
  parseTargetSettings({
    target,
    connection: {
      ...{ host: '127.0.0.1', port: 1, database: target, user: 'login', tls: 'off' },
      credential: { kind: 'password', password: 'secret' },
      ...connection,
    },
    applicationRole: 'application',
  })

import { CfnOutput, Tokenization } from 'aws-cdk-lib'
import { Construct } from 'constructs'
import { bundlePrefix, settingsKeys } from '../../functions/edge/resources.ts'

/** A database to migrate. */
export interface TargetProps {
  /** `[a-z0-9][a-z0-9-]{0,62}`; uploads below `bundles/<name>/` are for it. */
  readonly name: string
  /** The endpoint's own name: the certificate is checked against it. */
  readonly host: string
  /**
   * @default 5432
   */
  readonly port?: number
  readonly database: string
  /** The login role of `docs/database-roles.sql`. */
  readonly user: string
  /** The role that migrations run as, and that owns what they make. */
  readonly applicationRole: string
  /**
   * Refuses pending migrations of which the bundle has no certificate of going back.
   *
   * @default false
   */
  readonly requireCertificate?: boolean
}

interface SettingsCommandsProps {
  readonly tableName: string
  readonly targets: readonly TargetProps[]
}

/**
 * Is the commands that write each target's settings, as outputs of the stack: CloudFormation has no resource for an item of a
 * table, and a password has no business in a template.
 */
export class SettingsCommands extends Construct {
  constructor(scope: Construct, id: string, { tableName, targets }: SettingsCommandsProps) {
    super(scope, id)
    for (const target of targets) {
      bundlePrefix(target.name)
      new CfnOutput(this, target.name, {
        value: putSettings(tableName, target),
        description: `writes the settings of ${target.name}; run it with the login role's password in LOCKSTEP_PASSWORD`,
      })
    }
  }
}

/** Stands for the password until the shell puts it in; no legal text of a setting contains it. */
const passwordMark = '\u0000password\u0000'
/** The password as JSON text, made by the shell that runs the command, so that it is seen in no list of processes. */
const passwordAsJson = `"$(printf %s "$LOCKSTEP_PASSWORD" | sed 's/["\\\\]/\\\\&/g')"`

const putSettings = (tableName: string, target: TargetProps): string => {
  const [head = '', tail = ''] = JSON.stringify(settingsItem(target)).split(JSON.stringify(passwordMark).slice(1, -1))
  const item = `printf %s%s%s ${shellQuoted(head)} ${passwordAsJson} ${shellQuoted(tail)}`
  return `${item} | aws dynamodb put-item --table-name ${tableName} --item file:///dev/stdin`
}

const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const settingsItem = (target: TargetProps) => ({
  pk: { S: `${settingsKeys.prefix}${target.name}` },
  sk: { S: settingsKeys.sortKey },
  connection: {
    M: {
      host: { S: target.host },
      port: { N: Tokenization.stringifyNumber(target.port ?? 5432) },
      database: { S: target.database },
      user: { S: target.user },
      credential: { M: { kind: { S: 'password' }, password: { S: passwordMark } } },
      tls: { S: 'verify' },
    },
  },
  applicationRole: { S: target.applicationRole },
  ...(target.requireCertificate === true && { policy: { M: { requireCertificate: { BOOL: true } } } }),
})

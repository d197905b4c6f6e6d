import { CfnOutput, Tokenization } from 'aws-cdk-lib'
import { Construct } from 'constructs'
import { bundlePrefix, settingsKeys } from '../../functions/edge/resources.ts'
import type { SignerProps, TargetProps } from './target-props.ts'

interface SettingsCommandsProps {
  readonly tableName: string
  readonly targets: readonly TargetProps[]
}

/**
 * Is the commands that write each target's settings, as outputs of the stack: CloudFormation has no resource for an item of a
 * table. They hold no secret: the runner signs its token, or reads the secret that they name.
 */
export class SettingsCommands extends Construct {
  constructor(scope: Construct, id: string, { tableName, targets }: SettingsCommandsProps) {
    super(scope, id)
    for (const target of targets) {
      bundlePrefix(target.name)
      refuseUnknownBefore(target, targets)
      new CfnOutput(this, target.name, {
        value: putSettings(tableName, target),
        description: `writes the settings of ${target.name}`,
      })
    }
  }
}

/** What nobody migrates has no successes, so nothing could ever follow it. */
const refuseUnknownBefore = ({ name, after }: TargetProps, targets: readonly TargetProps[]): void => {
  const others = targets.map((target) => target.name).filter((other) => other !== name)
  if (after === undefined || others.includes(after)) return
  throw new Error(`${name} comes after "${after}", expected another target: ${others.join(', ') || 'there is none'}`)
}

const putSettings = (tableName: string, target: TargetProps): string =>
  `aws dynamodb put-item --table-name ${tableName} --item ${shellQuoted(JSON.stringify(settingsItem(target)))}`

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
      credential: { M: credentialItem(target) },
      tls: { S: 'verify' },
      ...(target.authorities !== undefined && { authorities: { S: target.authorities } }),
    },
  },
  applicationRole: { S: target.applicationRole },
  ...policyOf(target),
})

const credentialItem = ({ secret }: TargetProps) =>
  secret === undefined ? { kind: { S: 'iam' } } : { kind: { S: 'secret' }, arn: { S: secret.secretArn } }

/** Only what differs from the defaults, which the functions know. */
const policyOf = ({ requireCertificate = false, signers = [], after }: TargetProps) => {
  const policy = {
    ...(requireCertificate && { requireCertificate: { BOOL: true } }),
    ...(signers.length > 0 && { signers: { L: signers.map(signerItem) } }),
    ...(after !== undefined && { after: { S: after } }),
  }
  return Object.keys(policy).length === 0 ? {} : { policy: { M: policy } }
}

const signerItem = ({ id, publicKey }: SignerProps) => ({ M: { id: { S: id }, publicKey: { S: publicKey } } })

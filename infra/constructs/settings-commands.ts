import { CfnOutput, Tokenization } from 'aws-cdk-lib'
import { Construct } from 'constructs'
import { bundlePrefix, settingsKeys } from '../../functions/edge/resources.ts'
import { policyDefaults, settingsDefaults } from '../../functions/edge/settings-defaults.ts'
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
      refuseWrongNumbers(target)
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

/** Each with the least that the functions take; a wrong one would refuse every run. */
const leastNumbers = { lockTimeoutMs: 0, statementTimeoutMs: 0, keepBytes: 1, keepRows: 1 } as const

const refuseWrongNumbers = (target: TargetProps): void => {
  for (const [name, least] of Object.entries(leastNumbers) as [keyof typeof leastNumbers, number][]) {
    const value = target[name] ?? least
    if (Number.isSafeInteger(value) && value >= least) continue
    throw new Error(`${name} of ${target.name} is ${value}, expected a whole number of at least ${least}`)
  }
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
  ...decided(target, settingsDefaults),
  ...policyOf(target),
})

const credentialItem = ({ secret }: TargetProps) =>
  secret === undefined ? { kind: { S: 'iam' } } : { kind: { S: 'secret' }, arn: { S: secret.secretArn } }

const policyOf = (target: TargetProps) => {
  const { signers = [] } = target
  const policy = {
    ...decided(target, policyDefaults),
    ...(signers.length > 0 && { signers: { L: signers.map(signerItem) } }),
  }
  return Object.keys(policy).length === 0 ? {} : { policy: { M: policy } }
}

/** Only what differs from the defaults, which the functions know. */
const decided = (target: object, defaults: object) => {
  const values: Readonly<Record<string, unknown>> = { ...target }
  const differing = Object.entries(defaults).filter(([name, value]) => (values[name] ?? value) !== value)
  return Object.fromEntries(differing.map(([name]) => [name, attributeOf(values[name])]))
}

const attributeOf = (value: unknown) => {
  if (typeof value === 'boolean') return { BOOL: value }
  return typeof value === 'number' ? { N: String(value) } : { S: String(value) }
}

const signerItem = ({ id, publicKey }: SignerProps) => ({ M: { id: { S: id }, publicKey: { S: publicKey } } })

import { CfnOutput, Tokenization } from 'aws-cdk-lib'
import { Construct } from 'constructs'
import { isPublicKey, isSignerId } from '../../functions/domain/signer.ts'
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
    refuseSameNames(targets)
    for (const target of targets) {
      bundlePrefix(target.name)
      refuseOneRole(target)
      refuseWrongSigners(target)
      refuseUnknownBefore(target, targets)
      refuseWrongNumbers(target)
      new CfnOutput(this, target.name, {
        value: putSettings(tableName, target),
        description: `writes the settings of ${target.name}`,
      })
    }
  }
}

const refuseSameNames = (targets: readonly TargetProps[]): void => {
  if (targets.length === 0) throw new Error('there are no targets, expected at least one: nothing could be migrated')
  const names = targets.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice !== undefined) throw new Error(`two targets are named "${twice}", expected names that differ`)
}

/** SQL of a migration could then do what the login role may. */
const refuseOneRole = ({ name, user, applicationRole }: TargetProps): void => {
  if (user !== applicationRole) return
  throw new Error(`${name} logs in and migrates as "${user}", expected two roles; docs/database-roles.sql makes them`)
}

/** The functions would refuse every run. */
const refuseWrongSigners = ({ name, signers = [] }: TargetProps): void => {
  const ids = signers.map(({ id }) => id)
  for (const [index, { id, publicKey }] of signers.entries()) {
    const wrong = (expected: string) => new Error(`signer "${id}" of ${name} is wrong: expected ${expected}`)
    if (!isSignerId(id)) throw wrong('letters, digits, dots, dashes in its id; at most 63')
    if (!isPublicKey(publicKey))
      throw wrong('a P-256 public key, the base64 of its DER, as `lockstep keygen` prints it')
    if (ids.indexOf(id) < index) throw wrong('an id that no other has')
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

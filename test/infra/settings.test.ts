import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import { CfnOutput, Stack } from 'aws-cdk-lib'
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import { describe, expect, test } from 'vitest'
import { settingsKey } from '../../functions/adapters/dynamodb-items.ts'
import { isTargetName } from '../../functions/domain/types.ts'
import { policyDefaults, settingsDefaults } from '../../functions/edge/settings-defaults.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'
import { SettingsCommands } from '../../infra/constructs/settings-commands.ts'
import type { TargetProps } from '../../infra/constructs/target-props.ts'
import { makeAuthority } from '../support/certificates.ts'
import { newKey } from '../support/signing.ts'
import { rendered } from './reading.ts'
import { makeApp, makeFolder } from './synthesize.ts'

const target: TargetProps = {
  name: 'shop',
  host: 'db.example.com',
  port: 5433,
  database: "o'shop",
  user: 'login',
  applicationRole: 'app "role"',
}

const commandOf = (props: TargetProps): string => {
  const stack = new Stack(makeApp())
  const commands = new SettingsCommands(stack, 'Settings', {
    tableName: 'control',
    targets: [props, { ...target, name: 'staging' }],
  })
  const [output] = commands.node.children.filter((child) => child instanceof CfnOutput)
  return rendered(stack.resolve(output?.value))
}

/** Runs the command in a shell whose `aws` keeps its arguments, and returns the item among them. */
const run = (command: string): Readonly<Record<string, unknown>> => {
  const folder = makeFolder()
  const aws = join(folder, 'aws')
  writeFileSync(aws, `#!/bin/sh\nprintf '%s\\0' "$@" > ${folder}/args\n`)
  chmodSync(aws, 0o755)
  execFileSync('/bin/sh', ['-c', command], { env: { PATH: `${folder}:${process.env.PATH}` } })
  const [service, action, ...options] = readFileSync(join(folder, 'args'), 'utf8').split('\0')
  expect([service, action, ...options.slice(0, 3)]).toEqual([
    'dynamodb',
    'put-item',
    '--table-name',
    'control',
    '--item',
  ])
  return unmarshall(JSON.parse(options[3] ?? ''))
}

/** What a target may say of its policy, as it is where it says nothing. */
const { after: _, ...defaultPolicy } = policyDefaults

describe('the command that writes settings', () => {
  const { pk, sk, ...content } = run(commandOf(target))
  const settings = parseTargetSettings({ ...content, target: target.name })

  test('given a target, when the command is run, then the item lies where the functions look for it', () => {
    if (!isTargetName(target.name)) throw new Error('the name is no target name')
    expect({ pk, sk }).toEqual(settingsKey(target.name))
  })

  test('given values with quotes, when the functions read the item, then it says what was declared', () => {
    const { host, port, database, user, applicationRole } = target
    expect(settings).toMatchObject({ connection: { host, port, database, user, tls: 'verify' }, applicationRole })
  })

  test('given no secret, when the functions read the item, then the runner logs in with IAM', () => {
    expect(settings.connection.credential).toEqual({ kind: 'iam' })
  })

  test('given a secret, when the functions read the item, then it names the secret', () => {
    const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-AbCdEf'
    const secret = secretsmanager.Secret.fromSecretCompleteArn(new Stack(makeApp()), 'Secret', arn)
    const { connection } = run(commandOf({ ...target, secret }))
    expect(connection).toMatchObject({ credential: { kind: 'secret', arn } })
  })

  test('given an authority, when the functions read the item, then it is the one that counts', () => {
    const { certificate: authorities } = makeAuthority('Own Root CA')
    const { pk: _, sk: __, ...item } = run(commandOf({ ...target, authorities }))
    expect(parseTargetSettings({ ...item, target: target.name }).connection.authorities).toBe(authorities)
  })

  test('given a target without a port, when the functions read the item, then it is 5432', () => {
    const { port: _, ...rest } = target
    const { connection } = run(commandOf(rest))
    expect(connection).toMatchObject({ port: 5432 })
  })

  test.each([
    [{}, false],
    [{ requireCertificate: true }, true],
  ])(
    'given the props %o, when the functions read the item, then the policy requires certificates: %s',
    (props, required) => {
      const { pk: _, sk: __, ...item } = run(commandOf({ ...target, ...props }))
      expect(parseTargetSettings({ ...item, target: target.name }).policy.requireCertificate).toBe(required)
    },
  )

  test('given every decision, when the functions read the item, then they are as declared', () => {
    const decisions = { searchPath: 'shop, public', lockTimeoutMs: 0, statementTimeoutMs: 60_000 }
    const policy = { outOfOrder: 'refuse', requireManifest: true, keepBytes: 1, keepRows: 20_000_000 } as const
    const { pk: _, sk: __, ...item } = run(commandOf({ ...target, ...decisions, ...policy }))
    expect(parseTargetSettings({ ...item, target: target.name })).toMatchObject({ ...decisions, policy })
  })

  test('given decisions that are the defaults, when the command is run, then the item is as without them', () => {
    expect(run(commandOf({ ...target, ...settingsDefaults, ...defaultPolicy }))).toEqual(run(commandOf(target)))
  })

  test.each([
    ['lockTimeoutMs', -1, 0],
    ['statementTimeoutMs', 1.5, 0],
    ['keepBytes', 0, 1],
    ['keepRows', Number.NaN, 1],
  ])('given %s of %d, when the target is declared, then it is refused', (name, value, least) => {
    expect(() => commandOf({ ...target, [name]: value })).toThrow(
      `${name} of shop is ${value}, expected a whole number of at least ${least}`,
    )
  })

  test('given signers and a target before, when the functions read the item, then the policy has them', () => {
    const signers = [newKey('release').signer, newKey('spare').signer]
    const { pk: _, sk: __, ...item } = run(commandOf({ ...target, signers, after: 'staging' }))
    expect(item.policy).toEqual({ signers, after: 'staging' })
    expect(parseTargetSettings({ ...item, target: target.name }).policy).toMatchObject({ signers, after: 'staging' })
  })

  const { signer } = newKey('release')
  test.each([
    ['an id with a space', [{ ...signer, id: 'a b' }], 'expected letters, digits, dots, dashes'],
    ['a key that is none', [{ ...signer, publicKey: 'zz' }], 'expected a P-256 public key'],
    ['one id twice', [signer, signer], 'expected an id that no other has'],
  ])('given signers with %s, when the target is declared, then it is refused', (_, signers, expected) => {
    expect(() => commandOf({ ...target, signers })).toThrow(expected)
  })

  test('given one role to log in and to migrate as, when the target is declared, then it is refused', () => {
    expect(() => commandOf({ ...target, applicationRole: target.user })).toThrow('expected two roles')
  })

  test.each(['nowhere', target.name])('given a target after "%s", when it is declared, then it is refused', (after) => {
    expect(() => commandOf({ ...target, after })).toThrow('expected another target: staging')
  })

  test.each(['Shop', 'a/b', '*', ''])('given the name "%s", when a target is declared, then it is refused', (name) => {
    expect(() => commandOf({ ...target, name })).toThrow("is no target's name")
  })
})

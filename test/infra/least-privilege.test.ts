import { Template } from 'aws-cdk-lib/assertions'
import * as kms from 'aws-cdk-lib/aws-kms'
import { describe, expect, test } from 'vitest'
import { commandsIn, readMetafile } from '../support/artefact-commands.ts'
import { statementsByFunction } from '../support/iam-statements.ts'
import { keyRightsOf } from '../support/key-rights.ts'
import { compareBuild, namedGrants, showRight } from '../support/rights.ts'
import { serviceRights } from '../support/service-rights.ts'
import { isRecord, listed, plainId, resourcesOf } from './reading.ts'
import { exampleContext, synthesize, synthesizeOwn } from './synthesize.ts'

const [demo] = exampleContext['lockstep:targets']
const secret = (name: string) => `arn:aws:secretsmanager:eu-central-1:123456789012:secret:${name}-AbCdEf`

/** Every way in at once: by token, by secret, and by an administrator's secret at deploy. */
const template = synthesize({
  ...exampleContext,
  'lockstep:targets': [
    demo,
    { ...demo, name: 'by-secret', secretArn: secret('shop') },
    { ...demo, name: 'set-up', adminSecretArn: secret('admin') },
  ],
})
const names = [...statementsByFunction(template).keys()]

const findings = (of: Template, name: string): readonly string[] => {
  const commands = commandsIn(readMetafile(name))
  return compareBuild({ name, commands }, statementsByFunction(of).get(name) ?? [], serviceRights)
}

type Policy = { Action: unknown; Resource: unknown; Effect: string }[]

/** The template with the statements of one role's policy changed. */
const changed = (role: string, change: (statements: Policy) => Policy): Template => {
  const json = structuredClone(template.toJSON())
  for (const [id, resource] of Object.entries<Record<string, Record<string, { Statement: Policy }>>>(json.Resources)) {
    const document = resource.Properties?.PolicyDocument
    if (plainId(id) === `${role}RoleDefaultPolicy` && document) document.Statement = change(document.Statement)
  }
  return Template.fromJSON(json)
}

const without = (role: string, action: string): Template =>
  changed(role, (statements) =>
    statements
      .map((statement) => ({ ...statement, Action: listed(statement.Action).filter((each) => each !== action) }))
      .filter(({ Action }) => Action.length > 0),
  )
const having = (role: string, statement: Record<string, unknown>): Template =>
  changed(role, (statements) => [...statements, { Effect: 'Allow', Action: [], Resource: '*', ...statement }])

describe('rights of the functions, as their artefacts need them', () => {
  test('given the stack, when its functions are listed, then there are eight, the one for set-up among them', () => {
    expect(names.toSorted()).toEqual(['apply', 'audit', 'rollback', 'runner', 'setup', 'status', 'unlock', 'watch'])
  })

  test.each(names)(
    'given the artefact of %s, when its commands are compared with its rights, then none is missing and none too many',
    (name) => {
      expect(commandsIn(readMetafile(name)).length).toBeGreaterThan(0)
      expect(findings(template, name)).toEqual([])
    },
  )

  test.each([
    ['Runner', 'runner', 'dynamodb:GetItem', 'client-dynamodb/GetItem'],
    ['Runner', 'runner', 'rds-db:connect', 'rds-signer/Signer'],
    ['Runner', 'runner', 'secretsmanager:GetSecretValue', 'client-secrets-manager/GetSecretValue'],
    ['Apply', 'apply', 'sqs:ChangeMessageVisibility', 'client-sqs/ChangeMessageVisibility'],
    ['Unlock', 'unlock', 'lambda:InvokeFunction', 'client-lambda/Invoke'],
    ['Audit', 'audit', 'events:PutEvents', 'client-eventbridge/PutEvents'],
    ['Watch', 'watch', 's3:PutObject', 'client-s3/PutObject'],
  ])('given %s without %s %s, when compared, then it is named as missing', (role, name, action, command) => {
    expect(findings(without(role, action), name)).toEqual([`missing ${name}: ${command}`])
  })

  test.each([
    ['Unlock', 'unlock', 'dynamodb:GetItem'],
    ['Status', 'status', 's3:GetObject'],
    ['Audit', 'audit', 'dynamodb:*'],
    ['Apply', 'apply', 'dynamodb:DeleteItem'],
    ['Rollback', 'rollback', 'dynamodb:ConditionCheckItem'],
    ['Runner', 'runner', 'secretsmanager:PutSecretValue'],
  ])('given %s with more for %s: %s, when compared, then it is named as surplus', (role, name, action) => {
    expect(findings(having(role, { Action: action }), name)).toEqual([`surplus ${name}: ${action}`])
  })

  test('given a right that was carried along in the artefact alone, when it is granted, then it is stale to call it so', () => {
    const granted = having('Status', { Action: 'dynamodb:PutItem' })
    expect(findings(granted, 'status')).toEqual([
      'stale status: client-dynamodb/PutItem',
      'stale status: client-dynamodb/TransactWriteItems.Put',
    ])
  })

  test.each([
    ['NotAction', { Effect: 'Allow', NotAction: 's3:*', Resource: '*' }],
    ['NotResource', { Effect: 'Allow', Action: 's3:*', NotResource: '*' }],
    ['Effect', { Effect: 'Perhaps', Action: 's3:*', Resource: '*' }],
    ['Action', { Effect: 'Allow', Resource: '*' }],
    ['Resource', { Effect: 'Allow', Action: 's3:*', Resource: { 'Fn::Sub': 'arn' } }],
    [
      'Condition',
      { Effect: 'Deny', Action: 's3:*', Resource: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
    ],
  ])('given a statement whose %s is not evaluated, when it is read, then it does not pass in silence', (what, odd) => {
    const oddly = changed('Runner', () => [odd as Policy[number]])
    expect(() => statementsByFunction(oddly)).toThrow(new RegExp(`${what}.* is not evaluated`))
  })
})

test('given a key of one’s own, when rights are listed, then those on it follow from the others, and the others are the same', () => {
  const grants = (props?: Parameters<typeof synthesizeOwn>[0]) =>
    namedGrants(statementsByFunction(synthesizeOwn(props)))
  const plain = grants()
  const keyed = grants((stack) => ({ encryptionKey: new kms.Key(stack, 'Key') }))
  const lines = (rights: typeof plain) => [...new Set(rights.map(showRight))].toSorted()
  const follow = plain.flatMap((right) => keyRightsOf(right, 'Key.Arn'))
  expect(lines(follow).length).toBeGreaterThan(10)
  expect(lines(keyed)).toEqual(lines([...plain, ...follow]))
})

test('given the policies of resources, when those whom they allow are listed, then they are services of AWS, and no role', () => {
  const documents = resourcesOf(template).map(({ properties }) => properties.PolicyDocument)
  const allowing = documents
    .filter(isRecord)
    .flatMap(({ Statement }) => listed(Statement))
    .filter(isRecord)
    .filter(({ Effect, Principal }) => Effect === 'Allow' && Principal !== undefined)
  const services = allowing.map(({ Principal }) => (isRecord(Principal) ? Object.keys(Principal).join() : Principal))
  expect(services.length).toBeGreaterThan(0)
  expect(services.filter((kind) => kind !== 'Service')).toEqual([])
})

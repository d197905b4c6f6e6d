import { NestedStack, Stack } from 'aws-cdk-lib'
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import { AwsSolutionsChecks } from 'cdk-nag'
import { describe, expect, test } from 'vitest'
import type { PostgresMigrationsProps } from '../../infra/constructs/migrations-props.ts'
import { isRecord, listed, plainId, rendered, resourcesOf, resourcesOfType, statementsOf } from './reading.ts'
import { makeApp, makeOwn, synthesize } from './synthesize.ts'

const adminArn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-AbCdEf'

/** A key of the same stack, and everything that a deployment can have. */
const withKey = (stack: Stack): Partial<PostgresMigrationsProps> => ({
  encryptionKey: new kms.Key(stack, 'Key', { enableKeyRotation: true }),
  targets: [
    {
      name: 'shop',
      host: 'h',
      database: 'd',
      user: 'u',
      applicationRole: 'a',
      adminSecret: secretsmanager.Secret.fromSecretCompleteArn(stack, 'Admin', adminArn),
    },
  ],
})

const own = makeOwn(withKey)
const pipeline = new iam.Role(own.stack, 'LockstepPipeline', { assumedBy: new iam.AccountRootPrincipal() })
own.migrations.grantPush(pipeline, 'shop')
const template = Template.fromStack(own.stack)

/** Where each kind of resource that keeps something names its key. */
const keyOf: Readonly<Record<string, (properties: Readonly<Record<string, unknown>>) => unknown>> = {
  'AWS::S3::Bucket': ({ BucketEncryption }) => {
    const rules = isRecord(BucketEncryption) ? listed(BucketEncryption.ServerSideEncryptionConfiguration) : []
    const [byDefault] = rules.filter(isRecord).map((rule) => rule.ServerSideEncryptionByDefault)
    return isRecord(byDefault) && byDefault.SSEAlgorithm === 'aws:kms' ? byDefault.KMSMasterKeyID : undefined
  },
  'AWS::DynamoDB::Table': ({ SSESpecification: sse }) =>
    isRecord(sse) && sse.SSEEnabled === true && sse.SSEType === 'KMS' ? sse.KMSMasterKeyId : undefined,
  'AWS::SQS::Queue': ({ KmsMasterKeyId }) => KmsMasterKeyId,
  'AWS::SNS::Topic': ({ KmsMasterKeyId }) => KmsMasterKeyId,
  'AWS::Logs::LogGroup': ({ KmsKeyId }) => KmsKeyId,
  'AWS::Lambda::Function': ({ KmsKeyArn }) => KmsKeyArn,
}

describe('what is kept, with a key', () => {
  const keeping = resourcesOf(template).filter(({ type }) => type in keyOf)

  test('given a key, when what keeps something is counted, then nothing is left away', () => {
    const counts = Object.keys(keyOf).map((type) => [type, keeping.filter((each) => each.type === type).length])
    expect(counts).toEqual([
      ['AWS::S3::Bucket', 2],
      ['AWS::DynamoDB::Table', 2],
      ['AWS::SQS::Queue', 3],
      ['AWS::SNS::Topic', 1],
      ['AWS::Logs::LogGroup', 8],
      ['AWS::Lambda::Function', 8],
    ])
  })

  test.each(keeping.map((each) => [each.type, plainId(each.id), each] as const))(
    'given a key, when %s %s is made, then it is encrypted with it',
    (type, _, { properties }) => {
      expect(rendered(keyOf[type]?.(properties))).toMatch(/^Key(\.Arn)?$/)
    },
  )

  test('given a key, when objects are put, then a bucket key stands in for it', () => {
    const kept = resourcesOfType(template, 'AWS::S3::Bucket').map(({ properties }) => properties.BucketEncryption)
    for (const encryption of kept)
      expect(encryption).toMatchObject({ ServerSideEncryptionConfiguration: [{ BucketKeyEnabled: true }] })
  })

  test('given a key and another for the topic, when the topic is made, then it has its own', () => {
    const { stack } = makeOwn((scope) => ({ ...withKey(scope), alarmKey: new kms.Key(scope, 'Other') }))
    const [topic] = resourcesOfType(Template.fromStack(stack), 'AWS::SNS::Topic')
    expect(rendered(topic?.properties.KmsMasterKeyId)).toBe('Other.Arn')
  })

  test('given no key, when the template is searched, then nothing in it is about KMS', () => {
    expect(JSON.stringify(synthesize().toJSON())).not.toMatch(/kms/i)
  })

  test('given a key, when AwsSolutions are checked, then nothing new is found', () => {
    const { stack } = makeOwn(withKey)
    const { violations } = new AwsSolutionsChecks(stack).validateScope(stack)
    expect(violations.map(({ ruleName }) => ruleName)).toEqual([])
  })
})

describe('rights on the key', () => {
  const via = (service: string) =>
    ` on Key.Arn if {"StringEquals":{"kms:ViaService":"${service}.AWS::Region.amazonaws.com"}}`
  const decrypt = (service: string) => [`kms:Decrypt${via(service)}`]
  const encrypt = (service: string) => [`kms:Decrypt${via(service)}`, `kms:GenerateDataKey${via(service)}`]

  /** Each right once, with what the condition names as text. */
  const rightsOf = (role: string): readonly string[] => {
    const granted = statementsOf(template).filter(
      ({ owner, actions }) => owner === `${role}DefaultPolicy` && actions.some((action) => action.startsWith('kms:')),
    )
    const lines = granted.flatMap(({ actions, resources, condition }) =>
      actions.flatMap((action) =>
        resources.map((on) => `${action} on ${on} if ${JSON.stringify(condition, (_, value) => textOf(value))}`),
      ),
    )
    return [...new Set(lines)].toSorted()
  }
  const textOf = (value: unknown): unknown => (isRecord(value) && 'Fn::Join' in value ? rendered(value) : value)

  test.each([
    ['RunnerRole', [...decrypt('dynamodb'), ...decrypt('s3')]],
    ['ApplyRole', [...decrypt('dynamodb'), ...encrypt('sqs')]],
    ['StatusRole', decrypt('dynamodb')],
    ['UnlockRole', []],
    ['RollbackRole', [...decrypt('dynamodb'), ...encrypt('sqs')]],
    ['AuditRole', [...decrypt('dynamodb'), ...encrypt('s3'), ...encrypt('sqs')]],
    ['WatchRole', [...decrypt('dynamodb'), ...encrypt('s3')]],
    ['DatabaseSetupFunctiondemoRole', []],
    ['Pipeline', encrypt('s3')],
  ])('given a key, when what %s may do with it is listed, then it is exactly this', (role, rights) => {
    expect(rightsOf(role)).toEqual(rights.toSorted())
  })
})

/** What lets services use the key in their own name. */
const expectedUses = (region: unknown, logGroups: unknown) => [
  {
    Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
    Principal: { Service: 's3.amazonaws.com' },
  },
  {
    Action: ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
    Condition: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': logGroups } },
    Principal: { Service: region },
  },
  { Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Principal: { Service: 'cloudwatch.amazonaws.com' } },
]

const warningsOf = (stack: Stack): readonly string[] =>
  Annotations.fromStack(stack)
    .findWarning('*', Match.stringLikeRegexp('imported key'))
    .map(({ entry }) => String(entry.data))

describe('the key’s policy', () => {
  test('given a key of the same app, when its policy is read, then S3, the logs and the alarms may use it, beside the account', () => {
    const [key] = resourcesOfType(template, 'AWS::KMS::Key')
    const policy = isRecord(key?.properties.KeyPolicy) ? listed(key.properties.KeyPolicy.Statement) : []
    expect(policy.map((each) => own.stack.resolve(each))).toMatchObject([
      { Action: 'kms:*' },
      ...expectedUses(
        { 'Fn::Join': ['', ['logs.', { Ref: 'AWS::Region' }, '.amazonaws.com']] },
        {
          'Fn::Join': [
            '',
            [
              'arn:',
              { Ref: 'AWS::Partition' },
              ':logs:',
              { Ref: 'AWS::Region' },
              ':',
              { Ref: 'AWS::AccountId' },
              ':log-group:Lockstep-*',
            ],
          ],
        },
      ),
    ])
    expect(policy).toHaveLength(4)
    // under a condition that KMS may not see, S3's use and the alarms' would fail, and only in an account
    const bound = policy.map((each) => isRecord(each) && each.Condition !== undefined)
    expect(bound).toEqual([false, false, true, false])
  })

  const imported = (stack: Stack) => ({
    encryptionKey: kms.Key.fromKeyArn(
      stack,
      'Key',
      'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    ),
  })

  test('given an imported key, when the stack is made, then warnings say what its owner has to add', () => {
    const { stack } = makeOwn(imported)
    const wanted = warningsOf(stack).flatMap((text) => JSON.parse(/\[\{.*\}\]/.exec(text)?.[0] ?? '[]'))
    expect(wanted).toMatchObject(
      expectedUses('logs.<region>.amazonaws.com', 'arn:aws:logs:<region>:<account>:log-group:Lockstep-*'),
    )
    expect(wanted).toHaveLength(3)
  })

  test('given an imported key, when the functions’ rights are listed, then they name it', () => {
    const granted = statementsOf(Template.fromStack(makeOwn(imported).stack)).filter(({ actions }) =>
      actions.some((action) => action.startsWith('kms:')),
    )
    expect(new Set(granted.flatMap(({ resources }) => resources))).toEqual(
      new Set(['arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab']),
    )
  })

  test('given a key of the same app, when the stack is made, then there is no warning', () => {
    expect(warningsOf(own.stack)).toEqual([])
  })

  test('given a key of another stack, when both are made, then neither waits for itself', () => {
    const app = makeApp()
    const key = new kms.Key(new Stack(app, 'Keys'), 'Key')
    const { stack } = makeOwn(() => ({ encryptionKey: key }), new Stack(app, 'Lockstep'))
    expect(() => Template.fromStack(stack)).not.toThrow()
  })

  test('given a key of the stack around a nested one, when both are made, then neither waits for itself', () => {
    const parent = new Stack(makeApp(), 'Parent')
    const key = new kms.Key(parent, 'Key')
    makeOwn(() => ({ encryptionKey: key }), new NestedStack(parent, 'Lockstep'))
    expect(() => Template.fromStack(parent)).not.toThrow()
  })
})

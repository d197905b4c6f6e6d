import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { plainId, resourcesOfType, statementsOf } from './reading.ts'
import { synthesize, synthesizeOwn } from './synthesize.ts'

const template = synthesize()
const buckets = resourcesOfType(template, 'AWS::S3::Bucket')
const named = buckets.map((bucket) => [plainId(bucket.id), bucket] as const)

describe('both buckets', () => {
  test.each(named)(
    'given %s, when its properties are read, then it is versioned, encrypted and closed to the public',
    (_, { properties }) => {
      expect(properties).toMatchObject({
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      })
    },
  )

  test.each(named)('given %s, when the stack is deleted, then it stays', (_, { deletionPolicy }) => {
    expect(deletionPolicy).toBe('Retain')
  })

  test.each(named)('given %s, when it is asked without TLS, then its policy denies it', (name) => {
    const denials = statementsOf(template).filter(({ owner }) => owner === `${name}Policy`)
    expect(denials.filter(({ actions }) => actions.includes('s3:*'))).toEqual([
      {
        owner: `${name}Policy`,
        effect: 'Deny',
        actions: ['s3:*'],
        resources: [`${name}.Arn`, `${name}.Arn/*`],
        condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ])
  })
})

describe('bundle bucket', () => {
  const bundles = buckets.find(({ id }) => plainId(id) === 'BundleBucket')

  test('given a bundle that was overwritten or deleted, when 90 days have passed, then its version expires', () => {
    expect(bundles?.properties.LifecycleConfiguration).toEqual({
      Rules: [
        {
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
          NoncurrentVersionExpiration: { NoncurrentDays: 90 },
          Status: 'Enabled',
        },
      ],
    })
  })

  test('given an upload of bundles/<target>/<name>.zip, when S3 has it, then the bundle queue is told', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      NotificationConfiguration: {
        QueueConfigurations: [
          {
            Event: 's3:ObjectCreated:*',
            Queue: { 'Fn::GetAtt': [Match.stringLikeRegexp('^LockstepBundleQueue[0-9A-F]{8}$'), 'Arn'] },
            Filter: {
              S3Key: {
                Rules: [
                  { Name: 'prefix', Value: 'bundles/' },
                  { Name: 'suffix', Value: '.zip' },
                ],
              },
            },
          },
        ],
      },
    })
  })

  test('given that S3 tries the queue when the notification is made, when the bucket is made, then the queue has its policy', () => {
    expect(bundles?.dependsOn.map(plainId)).toContain('BundleQueuePolicy')
  })
})

const denialOfOverwrites = (bucket: string) => ({
  owner: `${bucket}Policy`,
  effect: 'Deny',
  actions: ['s3:PutObject'],
  resources: [`${bucket}.Arn/*`],
  condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
})

describe('refused overwrites', () => {
  const denials = statementsOf(synthesizeOwn(() => ({ refuseOverwrites: true }))).filter(
    ({ owner, effect }) => owner.endsWith('BucketPolicy') && effect === 'Deny',
  )

  test('given the wish, when an object would be made without If-None-Match, then the bundle bucket denies it, the parts of an upload apart', () => {
    expect(denials.filter(({ actions }) => actions.includes('s3:PutObject'))).toContainEqual(
      denialOfOverwrites('BundleBucket'),
    )
  })

  test('given no wish, when the policies of both buckets are read, then only the records bucket denies writing over what is there', () => {
    const writing = statementsOf(template).filter(
      ({ actions, effect }) => effect === 'Deny' && actions.includes('s3:PutObject'),
    )
    expect(writing).toEqual([denialOfOverwrites('RecordsBucket')])
  })

  test('given the wish, when the policies of both buckets are read, then both still want TLS', () => {
    const owners = denials.filter(({ actions }) => actions.includes('s3:*')).map(({ owner }) => owner)
    expect(owners.toSorted()).toEqual(['BundleBucketPolicy', 'RecordsBucketPolicy'])
  })
})

describe('records bucket', () => {
  test('given an archived audit event, when a year has not passed, then Object Lock keeps it', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 365 } } },
    })
  })
})

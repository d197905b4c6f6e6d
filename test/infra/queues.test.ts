import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { bundleQueue, functions } from '../../functions/edge/resources.ts'
import { plainId, rendered, resourcesOfType, statementsOf } from './reading.ts'
import { synthesize } from './synthesize.ts'

const template = synthesize()
const queues = resourcesOfType(template, 'AWS::SQS::Queue')
const named = queues.map((queue) => [plainId(queue.id), queue] as const)
const queue = queues.find(({ id }) => plainId(id) === 'BundleQueue')
const secondsADay = 86_400

describe('all queues', () => {
  test('given the stack, when its queues are listed, then they are these', () => {
    expect(named.map(([name]) => name).toSorted()).toEqual([
      'AuditTableFailures',
      'BundleQueue',
      'BundleQueueDeadLetters',
    ])
  })

  test.each(named)(
    'given %s, when its encryption is read, then the key is the queue service’s own',
    (_, { properties }) => {
      expect(properties).toMatchObject({ SqsManagedSseEnabled: true })
      expect(properties).not.toHaveProperty('KmsMasterKeyId')
    },
  )

  test.each(named)('given %s, when it is asked without TLS, then its policy denies it', (name) => {
    const denials = statementsOf(template).filter(({ owner, effect }) => owner === `${name}Policy` && effect === 'Deny')
    expect(denials.map(({ condition }) => condition)).toEqual([{ Bool: { 'aws:SecureTransport': 'false' } }])
  })

  test.each(named)(
    'given what %s could not get rid of, when it is dead, then it stays as long as dead letters do',
    (name, { properties }) => {
      const days = name === 'BundleQueue' ? bundleQueue.retentionDays : bundleQueue.deadLetterRetentionDays
      expect(properties).toMatchObject({ MessageRetentionPeriod: days * secondsADay })
    },
  )
})

describe('bundle queue', () => {
  test('given the front’s timeout, when a message is received, then it stays invisible for longer than that', () => {
    const front = functions.find(({ name }) => name === 'apply')
    expect(queue?.properties).toMatchObject({ VisibilityTimeout: 960 })
    expect(960).toBeGreaterThan(front?.timeoutSeconds ?? Number.POSITIVE_INFINITY)
  })

  test('given a message that was received 1,000 times, when it comes back, then it is a dead letter', () => {
    const redrive = queue?.properties.RedrivePolicy
    expect(redrive).toMatchObject({ maxReceiveCount: 1000 })
    expect(rendered(Object(redrive).deadLetterTargetArn)).toBe('BundleQueueDeadLetters.Arn')
  })

  test('given the queue’s policy, when what it allows is read, then it is S3 of this account alone, whatever the bucket', () => {
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          {
            Effect: 'Allow',
            Principal: { Service: 's3.amazonaws.com' },
            Action: 'sqs:SendMessage',
            Resource: { 'Fn::GetAtt': [queue?.id, 'Arn'] },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ]),
      },
    })
  })

  test('given a message, when Lambda polls, then apply gets it alone, and answers for it alone', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [queue?.id, 'Arn'] },
      FunctionName: { Ref: Match.stringLikeRegexp('^LockstepApply[0-9A-F]{8}$') },
      BatchSize: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 10 },
    })
  })
})

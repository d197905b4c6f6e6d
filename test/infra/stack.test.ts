import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { isRecord, plainId, rendered, resourcesOf } from './reading.ts'
import { exampleContext, makeStack, synthesize } from './synthesize.ts'

const template = synthesize()
const resources = resourcesOf(template)

describe('the stack', () => {
  test('given the stack, when its template is checked, then no resource waits for itself', () => {
    expect(() => Template.fromStack(makeStack())).not.toThrow()
  })

  test('given the stack, when its resources are listed, then none is a custom one', () => {
    const custom = resources.filter(({ type }) => type.startsWith('Custom::') || type.includes('CustomResource'))
    expect(custom).toEqual([])
  })

  test('given the stack, when its environment is read, then it names neither account nor region', () => {
    const stack = makeStack()
    expect([stack.environment, JSON.stringify(template.toJSON())]).toEqual([
      'aws://unknown-account/unknown-region',
      expect.not.stringMatching(/zone-\d|us-east-1/),
    ])
  })

  test('given what outlives the stack, when its logical ids are read, then they are the ones that were deployed', () => {
    const kept = resources.filter(({ deletionPolicy }) => deletionPolicy === 'Retain').map(({ id }) => id)
    expect(kept.toSorted()).toEqual([
      'LockstepAuditTable5EAEAA5F',
      'LockstepBundleBucket220ECFB5',
      'LockstepControlTable14388A70',
      'LockstepRecordsBucket1B77404A',
    ])
  })
})

describe('outputs', () => {
  const found: unknown = template.toJSON().Outputs
  const outputs = Object.entries(isRecord(found) ? found : {}).map(
    ([id, output]) => [id, isRecord(output) ? rendered(output.Value) : ''] as const,
  )

  test('given the stack, when its outputs are read, then they are the names that people and pipelines need', () => {
    expect(Object.fromEntries(outputs.filter(([id]) => !id.includes('Settings')))).toEqual({
      AlarmTopic: 'AlarmTopic',
      BundleBucket: 'BundleBucket',
      StatusFunction: 'Status',
      UnlockFunction: 'Unlock',
      RollbackFunction: 'Rollback',
      ApplyFunction: 'Apply',
      RunnerFunction: 'Runner',
      AuditFunction: 'Audit',
      WatchFunction: 'Watch',
      BundleQueueUrl: 'BundleQueue',
      DeadLetterQueueUrl: 'BundleQueueDeadLetters',
      AuditFailureQueueUrl: 'AuditTableFailures',
      ControlTable: 'ControlTable',
      AuditTable: 'AuditTable',
      RecordsBucket: 'RecordsBucket',
      EventBus: 'EventBus',
    })
  })
})

describe('gateway endpoints', () => {
  const endpointsOf = (context: Readonly<Record<string, unknown>>) =>
    resourcesOf(synthesize({ ...exampleContext, ...context })).filter(({ type }) => type === 'AWS::EC2::VPCEndpoint')

  test('given a VPC that has its endpoints, when the stack is made, then it adds none', () => {
    expect(endpointsOf({})).toEqual([])
  })

  test('given a VPC without endpoints, when they are asked for, then S3 and DynamoDB get one in each route table', () => {
    const endpoints = endpointsOf({
      'lockstep:addGatewayEndpoints': 'true',
      'lockstep:routeTableIds': 'rtb-1, rtb-2',
    })
    expect(
      endpoints.map(({ id, properties }) => [plainId(id), properties.VpcEndpointType, properties.RouteTableIds]),
    ).toEqual([
      ['GatewayEndpointsS3', 'Gateway', ['rtb-1', 'rtb-2']],
      ['GatewayEndpointsDynamoDB', 'Gateway', ['rtb-1', 'rtb-2']],
    ])
  })
})

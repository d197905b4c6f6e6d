import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { plainId, resourcesOfType } from './reading.ts'
import { synthesize } from './synthesize.ts'

const template = synthesize()
const tables = resourcesOfType(template, 'AWS::DynamoDB::Table')
const named = tables.map((table) => [plainId(table.id), table] as const)
const propertiesOf = (name: string) => tables.find(({ id }) => plainId(id) === name)?.properties

describe('both tables', () => {
  test.each(named)('given %s, when its keys are read, then they are pk and sk', (_, { properties }) => {
    expect(properties.KeySchema).toEqual([
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ])
  })

  test.each(named)(
    'given %s, when its properties are read, then it is on demand, restorable and not to be deleted',
    (_, { properties }) => {
      expect(properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        DeletionProtectionEnabled: true,
      })
    },
  )

  test.each(named)('given %s, when the stack is deleted, then it stays', (_, { deletionPolicy }) => {
    expect(deletionPolicy).toBe('Retain')
  })
})

describe('control table', () => {
  test('given a target’s runs, when they are listed by their creation, then a local index has their keys', () => {
    expect(propertiesOf('ControlTable')?.LocalSecondaryIndexes).toEqual([
      {
        IndexName: 'runs-by-creation',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'createdAt', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ])
  })

  test('given the control table, when its stream is looked for, then there is none', () => {
    expect(propertiesOf('ControlTable')).not.toHaveProperty('StreamSpecification')
  })
})

describe('audit table', () => {
  test('given an overwritten event, when the stream tells of it, then the old event is there too', () => {
    expect(propertiesOf('AuditTable')?.StreamSpecification).toEqual({ StreamViewType: 'NEW_AND_OLD_IMAGES' })
  })

  test('given the stream, when Lambda reads it, then audit gets all of it in order, and a bad record stops nothing for ever', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^LockstepAuditTable[0-9A-F]{8}$'), 'StreamArn'] },
      FunctionName: { Ref: Match.stringLikeRegexp('^LockstepAudit[0-9A-F]{8}$') },
      StartingPosition: 'TRIM_HORIZON',
      ParallelizationFactor: 1,
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 30,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: {
        OnFailure: {
          Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('^LockstepAuditTableFailures'), 'Arn'] },
        },
      },
    })
  })
})

import { Template } from 'aws-cdk-lib/assertions'
import * as iam from 'aws-cdk-lib/aws-iam'
import { describe, expect, test } from 'vitest'
import type { PostgresMigrations } from '../../infra/constructs/postgres-migrations.ts'
import { listed, rendered, resourcesOfType, statementsOf } from './reading.ts'
import { exampleContext, makeStack, synthesize } from './synthesize.ts'

const template = synthesize()
const statements = statementsOf(template)

/** Every right of a role, one a line: `Allow s3:GetObject on BundleBucket.Arn/bundles/*`. */
const rightsOf = (role: string, of = statements): readonly string[] =>
  of
    .filter(({ owner }) => owner === `${role}DefaultPolicy`)
    .flatMap(({ effect, actions, resources, condition }) =>
      actions.flatMap((action) =>
        resources.map((on) => `${effect} ${action} on ${on}${condition ? ` if ${JSON.stringify(condition)}` : ''}`),
      ),
    )
    .toSorted()

const loginArn = (resourceId: string): string =>
  `arn:AWS::Partition:rds-db:AWS::Region:AWS::AccountId:dbuser:${resourceId}/lockstep_login`
const settingsOnly = 'if {"ForAnyValue:StringLike":{"dynamodb:LeadingKeys":"TARGET#*"}}'

/** What was recorded stays: every function is denied these, whatever it is granted. */
const recordsStay = [
  ...['BatchWriteItem', 'DeleteItem', 'PartiQLDelete', 'PartiQLUpdate', 'UpdateItem'].map(
    (action) => `Deny dynamodb:${action} on AuditTable.Arn`,
  ),
  ...[
    'BypassGovernanceRetention',
    'DeleteObject',
    'DeleteObjectVersion',
    'PutObjectLegalHold',
    'PutObjectRetention',
  ].map((action) => `Deny s3:${action} on RecordsBucket.Arn/*`),
]

/** X-Ray knows no resources. */
const traces = ['Allow xray:PutTelemetryRecords on *', 'Allow xray:PutTraceSegments on *']

const expectedRights: readonly (readonly [string, readonly string[]])[] = [
  [
    'Runner',
    [
      'Allow dynamodb:GetItem on ControlTable.Arn',
      'Allow dynamodb:PutItem on AuditTable.Arn',
      'Allow dynamodb:PutItem on ControlTable.Arn',
      'Allow dynamodb:Query on AuditTable.Arn',
      'Allow dynamodb:Query on ControlTable.Arn',
      'Allow dynamodb:Query on ControlTable.Arn/index/runs-by-creation',
      'Allow dynamodb:UpdateItem on ControlTable.Arn',
      'Allow logs:CreateLogStream on RunnerLog.Arn',
      'Allow logs:PutLogEvents on RunnerLog.Arn',
      `Allow rds-db:connect on ${loginArn('*')}`,
      'Allow s3:GetObjectVersion on BundleBucket.Arn/bundles/*',
      'Allow s3:ListBucket on BundleBucket.Arn',
      `Deny dynamodb:DeleteItem on ControlTable.Arn ${settingsOnly}`,
      `Deny dynamodb:PutItem on ControlTable.Arn ${settingsOnly}`,
      `Deny dynamodb:UpdateItem on ControlTable.Arn ${settingsOnly}`,
    ],
  ],
  [
    'Apply',
    [
      'Allow dynamodb:GetItem on ControlTable.Arn',
      'Allow dynamodb:PutItem on AuditTable.Arn',
      'Allow dynamodb:UpdateItem on ControlTable.Arn',
      'Allow lambda:InvokeFunction on Runner.Arn',
      'Allow logs:CreateLogStream on ApplyLog.Arn',
      'Allow logs:PutLogEvents on ApplyLog.Arn',
      'Allow sqs:ChangeMessageVisibility on BundleQueue.Arn',
      'Allow sqs:DeleteMessage on BundleQueue.Arn',
      'Allow sqs:GetQueueAttributes on BundleQueue.Arn',
      'Allow sqs:ReceiveMessage on BundleQueue.Arn',
      'Allow sqs:SendMessage on BundleQueueDeadLetters.Arn',
      `Deny dynamodb:DeleteItem on ControlTable.Arn ${settingsOnly}`,
      `Deny dynamodb:PutItem on ControlTable.Arn ${settingsOnly}`,
      `Deny dynamodb:UpdateItem on ControlTable.Arn ${settingsOnly}`,
    ],
  ],
  [
    'Status',
    [
      'Allow dynamodb:GetItem on ControlTable.Arn',
      'Allow dynamodb:Query on AuditTable.Arn',
      'Allow dynamodb:Query on ControlTable.Arn',
      'Allow dynamodb:Query on ControlTable.Arn/index/runs-by-creation',
      'Allow logs:CreateLogStream on StatusLog.Arn',
      'Allow logs:PutLogEvents on StatusLog.Arn',
    ],
  ],
  [
    'Unlock',
    [
      'Allow lambda:InvokeFunction on Runner.Arn',
      'Allow logs:CreateLogStream on UnlockLog.Arn',
      'Allow logs:PutLogEvents on UnlockLog.Arn',
    ],
  ],
  [
    'Rollback',
    [
      'Allow dynamodb:GetItem on ControlTable.Arn',
      'Allow dynamodb:UpdateItem on ControlTable.Arn',
      'Allow lambda:InvokeFunction on Runner.Arn',
      'Allow logs:CreateLogStream on RollbackLog.Arn',
      'Allow logs:PutLogEvents on RollbackLog.Arn',
      'Allow sqs:SendMessage on BundleQueue.Arn',
      `Deny dynamodb:DeleteItem on ControlTable.Arn ${settingsOnly}`,
      `Deny dynamodb:PutItem on ControlTable.Arn ${settingsOnly}`,
      `Deny dynamodb:UpdateItem on ControlTable.Arn ${settingsOnly}`,
    ],
  ],
  [
    'Audit',
    [
      'Allow dynamodb:DescribeStream on AuditTable.StreamArn',
      'Allow dynamodb:GetRecords on AuditTable.StreamArn',
      'Allow dynamodb:GetShardIterator on AuditTable.StreamArn',
      'Allow dynamodb:ListStreams on AuditTable.StreamArn',
      'Allow events:PutEvents on EventBus.Arn',
      'Allow logs:CreateLogStream on AuditLog.Arn',
      'Allow logs:PutLogEvents on AuditLog.Arn',
      'Allow s3:GetObject on RecordsBucket.Arn/audit/*',
      'Allow s3:PutObject on RecordsBucket.Arn/audit/*',
      'Allow sqs:SendMessage on AuditTableFailures.Arn',
    ],
  ],
  [
    'Watch',
    [
      'Allow dynamodb:GetItem on ControlTable.Arn',
      'Allow dynamodb:Query on AuditTable.Arn',
      'Allow events:PutEvents on EventBus.Arn',
      'Allow lambda:InvokeFunction on Runner.Arn',
      'Allow logs:CreateLogStream on WatchLog.Arn',
      'Allow logs:PutLogEvents on WatchLog.Arn',
      'Allow s3:GetObject on RecordsBucket.Arn/audit/*',
      'Allow s3:ListBucket on RecordsBucket.Arn',
      'Allow s3:PutObject on RecordsBucket.Arn/audit/*',
    ],
  ],
]

describe('rights of the functions', () => {
  test.each(expectedRights)(
    'given the stack, when the rights of %s are listed, then they are exactly these',
    (role, rights) => {
      expect(rightsOf(`${role}Role`)).toEqual([...rights, ...traces, ...recordsStay].toSorted())
    },
  )

  test('given the stack, when its roles are listed, then there is one a function', () => {
    const roles = statements.filter(({ actions }) => actions.includes('sts:AssumeRole')).map(({ owner }) => owner)
    expect(roles.toSorted()).toEqual([
      'ApplyRole',
      'AuditRole',
      'RollbackRole',
      'RunnerRole',
      'StatusRole',
      'UnlockRole',
      'WatchRole',
    ])
  })

  test('given the stack, when managed policies are listed, then the only one is for the network interfaces of the runner', () => {
    const managed = resourcesOfType(template, 'AWS::IAM::Role').flatMap(({ id, properties }) =>
      listed(properties.ManagedPolicyArns).map((arn) => [id, rendered(arn)]),
    )
    const networkInterfaces = 'arn:AWS::Partition:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole'
    expect(managed).toEqual([[expect.stringMatching(/^LockstepRunnerRole/), networkInterfaces]])
  })
})

describe('network interfaces', () => {
  test('given the runner, when its code asks EC2 for what Lambda may with its role, then it is denied', () => {
    const own = statements.filter(({ owner }) => owner === 'RunnerOwnCalls')
    const asks = ['Assign', 'Unassign'].map((what) => `ec2:${what}PrivateIpAddresses`)
    const interfaces = ['Create', 'Delete'].map((what) => `ec2:${what}NetworkInterface`)
    expect(own).toMatchObject([{ effect: 'Deny', resources: ['*'] }])
    expect(own[0]?.actions.toSorted()).toEqual(
      [...asks, ...interfaces, 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets'].toSorted(),
    )
    expect(own[0]?.condition).toEqual({
      ArnEquals: {
        'lambda:SourceFunctionArn': { 'Fn::GetAtt': [expect.stringMatching(/^LockstepRunner[0-9A-F]{8}$/), 'Arn'] },
      },
    })
  })

  test('given the stack, when policies beside the roles’ own are listed, then only functions in the VPC have one', () => {
    const owners = new Set(statements.map(({ owner }) => owner).filter((owner) => owner.endsWith('OwnCalls')))
    expect([...owners]).toEqual(['RunnerOwnCalls'])
  })
})

describe('wildcards', () => {
  const granted = statements.filter(({ effect }) => effect === 'Allow')

  test('given all policies, when what they allow is listed, then no action has a wildcard', () => {
    expect(granted.flatMap(({ actions }) => actions).filter((action) => action.includes('*'))).toEqual([])
  })

  test('given all policies, when what they allow is listed, then wildcards in resources stand only below a prefix of keys', () => {
    const traced = ['xray:PutTraceSegments', 'xray:PutTelemetryRecords']
    const others = granted.filter(({ actions }) => !actions.every((action) => traced.includes(action)))
    const open = others.flatMap(({ resources }) => resources).filter((resource) => resource.includes('*'))
    // a login role's name is one of the databases' own; a target's resource id narrows it to one of them
    const prefixes = ['BundleBucket.Arn/bundles/*', 'RecordsBucket.Arn/audit/*', loginArn('*')]
    expect(open.filter((resource) => !prefixes.includes(resource))).toEqual([])
  })
})

describe('logging in', () => {
  const withTarget = (changes: Readonly<Record<string, unknown>>) => {
    const [demo] = exampleContext['lockstep:targets']
    return { ...exampleContext, 'lockstep:targets': [{ ...demo, ...changes }] }
  }
  const loginsOf = (context: Readonly<Record<string, unknown>>): readonly string[] =>
    rightsOf('RunnerRole', statementsOf(synthesize(context))).filter((right) => /rds-db|secretsmanager|kms/.test(right))
  const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-AbCdEf'

  test('given a resource id, when the runner may log in, then to that database alone, as the login role alone', () => {
    const cluster = 'cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ'
    expect(loginsOf(withTarget({ resourceId: cluster }))).toEqual([`Allow rds-db:connect on ${loginArn(cluster)}`])
  })

  test('given a secret, when the runner may log in, then it reads that secret, and signs no tokens', () => {
    expect(loginsOf(withTarget({ secretArn: arn }))).toEqual([`Allow secretsmanager:GetSecretValue on ${arn}`])
  })

  test('given a secret, when an endpoint is asked for, then the runner’s group alone gets in, by HTTPS', () => {
    const template = synthesize({ ...withTarget({ secretArn: arn }), 'lockstep:addSecretsEndpoint': true })
    const [endpoint] = resourcesOfType(template, 'AWS::EC2::VPCEndpoint')
    expect(endpoint?.properties).toMatchObject({ VpcEndpointType: 'Interface', PrivateDnsEnabled: true })
    expect(rendered(endpoint?.properties.ServiceName)).toMatch(/secretsmanager$/)
    const doors = resourcesOfType(template, 'AWS::EC2::SecurityGroupIngress').map(({ properties }) => properties)
    expect(doors).toMatchObject([{ FromPort: 443, ToPort: 443, SourceSecurityGroupId: 'sg-00000000000000000' }])
  })

  test('given no wish for it, when the stack is made, then nothing in it is paid by the hour', () => {
    expect(resourcesOfType(template, 'AWS::EC2::VPCEndpoint')).toEqual([])
  })
})

describe('rights of a pipeline', () => {
  const withPipeline = (grant: (migrations: PostgresMigrations, role: iam.Role) => void): readonly string[] => {
    const stack = makeStack()
    const role = new iam.Role(stack, 'LockstepPipeline', { assumedBy: new iam.AccountRootPrincipal() })
    grant(stack.migrations, role)
    return rightsOf('Pipeline', statementsOf(Template.fromStack(stack)))
  }

  test('given a role, when it may push for a target, then it can put and read bundles below that target, and ask for status', () => {
    expect(withPipeline((migrations, role) => migrations.grantPush(role, 'demo'))).toEqual([
      'Allow lambda:InvokeFunction on Status.Arn:demo',
      'Allow s3:GetObject on BundleBucket.Arn/bundles/demo/*',
      'Allow s3:PutObject on BundleBucket.Arn/bundles/demo/*',
    ])
  })

  test('given a role, when it may ask for status, then it can do nothing else', () => {
    expect(withPipeline((migrations, role) => migrations.grantStatus(role, 'demo'))).toEqual([
      'Allow lambda:InvokeFunction on Status.Arn:demo',
    ])
  })

  test('given an operator, when they may unlock, then they can invoke the front and ask for status, and nothing else', () => {
    expect(withPipeline((migrations, role) => migrations.grantUnlock(role, 'demo'))).toEqual([
      'Allow lambda:InvokeFunction on Status.Arn:demo',
      'Allow lambda:InvokeFunction on Unlock.Arn:demo',
    ])
  })

  test('given an operator, when they may roll back, then they can invoke the front and ask for status, and nothing else', () => {
    expect(withPipeline((migrations, role) => migrations.grantRollback(role, 'demo'))).toEqual([
      'Allow lambda:InvokeFunction on Rollback.Arn:demo',
      'Allow lambda:InvokeFunction on Status.Arn:demo',
    ])
  })

  test('given the declared targets, when aliases are listed, then each front that people invoke has one a target', () => {
    const aliases = resourcesOfType(template, 'AWS::Lambda::Alias').map(({ properties }) => properties.Name)
    expect(aliases).toEqual(['demo', 'demo', 'demo'])
  })

  test.each(['other', '*', ''])(
    'given the declared targets, when anything for "%s" is granted, then it is refused',
    (target) => {
      const { migrations } = makeStack()
      for (const grant of ['grantPush', 'grantStatus', 'grantUnlock', 'grantRollback'] as const)
        expect(() => migrations[grant](new iam.AnyPrincipal(), target)).toThrow(`no target is named "${target}"`)
    },
  )
})

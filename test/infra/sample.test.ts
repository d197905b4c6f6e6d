import { Template } from 'aws-cdk-lib/assertions'
import { AwsSolutionsChecks } from 'cdk-nag'
import { describe, expect, test } from 'vitest'
import { readSample } from '../../infra/sample/read-sample.ts'
import { SampleStack } from '../../infra/sample/sample-stack.ts'
import { stageNames } from '../../infra/sample/stages.ts'
import { listed, type Resource, rendered, resourcesOf, resourcesOfType, statementsOf } from './reading.ts'
import { exampleContext, makeApp } from './synthesize.ts'

type Context = Readonly<Record<string, unknown>>

const read = (context: Context) => readSample(makeApp({ ...exampleContext, ...context }).node)

const makeSample = (context: Context): SampleStack => {
  const app = makeApp({ ...exampleContext, ...context })
  const sample = readSample(app.node)
  if (sample === undefined) throw new Error('the context wants no sample')
  return new SampleStack(app, `Lockstep-${sample.stage}`, { sample })
}

const synthesize = (context: Context): Template => Template.fromStack(makeSample(context))

const only = (template: Template, type: string): Resource => {
  const [found, ...more] = resourcesOfType(template, type)
  if (found === undefined || more.length > 0) throw new Error(`expected one ${type}, got ${more.length + 1}`)
  return found
}

const databases = ['rds', 'aurora'] as const
const variants = databases.flatMap((database) => stageNames.map((stage) => [database, stage] as const))

describe.each(variants)('%s at %s', (database, stage) => {
  const stack = makeSample({ 'lockstep:database': database, 'lockstep:stage': stage })
  const template = Template.fromStack(stack)

  test('given it, when AwsSolutions are checked, then nothing is found that is not acknowledged with its reason', () => {
    const { violations } = new AwsSolutionsChecks(stack).validateScope(stack)
    expect(violations.map(({ ruleName }) => ruleName)).toEqual([])
  })

  test('given no account, when it is made, then it names neither account nor region, nor asks for any', () => {
    expect(stack.environment).toBe('aws://unknown-account/unknown-region')
    expect(JSON.stringify(template.toJSON())).not.toMatch(/dummy|[a-z]{2}-[a-z]+-\d[a-c]?"/)
  })

  test('given its network, when ways out are listed, then there are two free endpoints, and one that is paid in one zone', () => {
    const types = resourcesOf(template).map(({ type }) => type)
    expect(types.filter((type) => /NatGateway|InternetGateway|EIP/.test(type))).toEqual([])
    expect(types.filter((type) => type === 'AWS::EC2::Subnet')).toHaveLength(2)
    const endpoints = resourcesOfType(template, 'AWS::EC2::VPCEndpoint').map(({ properties }) => [
      rendered(properties.ServiceName).split('.').at(-1),
      properties.VpcEndpointType,
      listed(properties.SubnetIds).length,
    ])
    expect(endpoints).toEqual([
      ['s3', 'Gateway', 0],
      ['dynamodb', 'Gateway', 0],
      ['secretsmanager', 'Interface', 1],
    ])
  })

  test('given it, when custom resources are listed, then the roles of the target are the only one', () => {
    const custom = resourcesOf(template).filter(({ type }) => type.startsWith('Custom::') || type.includes('Custom'))
    expect(custom.map(({ type, properties }) => [type, properties.target])).toEqual([['Custom::LockstepRoles', 'shop']])
  })

  test('given it, when the runner may log in, then to this database alone', () => {
    const logins = statementsOf(template).filter(({ actions }) => actions.includes('rds-db:connect'))
    expect(logins.flatMap(({ resources }) => resources)).toEqual([
      expect.stringMatching(/:dbuser:Database\.(DbiResourceId|DBClusterResourceId)\/shop_login$/),
    ])
  })

  test('given its log, when its retention is over, then its lines are gone', () => {
    const kind = database === 'rds' ? 'instance' : 'cluster'
    const [log] = resourcesOfType(template, 'AWS::Logs::LogGroup').filter(({ id }) => id.startsWith('DatabaseLog'))
    expect(log?.properties).toMatchObject({
      LogGroupName: `/aws/rds/${kind}/lockstep-${stage}-shop/postgresql`,
      RetentionInDays: { dev: 7, staging: 30, production: 90 }[stage],
    })
  })
})

test.each(databases)(
  'given %s, when its rules are read, then the runner alone gets in, and nothing gets out',
  (database) => {
    const template = synthesize({ 'lockstep:database': database })
    const [group] = resourcesOfType(template, 'AWS::EC2::SecurityGroup').filter(({ id }) =>
      id.startsWith('DatabaseGroup'),
    )
    // CDK writes "nothing" as an address that nobody has
    expect(group?.properties.SecurityGroupEgress).toMatchObject([{ CidrIp: '255.255.255.255/32' }])
    const doors = resourcesOfType(template, 'AWS::EC2::SecurityGroupIngress')
      .map(({ properties }) => [properties.GroupId, properties.SourceSecurityGroupId].map(rendered))
      .filter(([into]) => into === 'DatabaseGroup.GroupId')
    expect(doors).toEqual([['DatabaseGroup.GroupId', 'SecurityGroup.GroupId']])
    expect(group?.properties.SecurityGroupIngress).toBeUndefined()
  },
)

describe('an instance of RDS', () => {
  const made = (stage: string) => synthesize({ 'lockstep:database': 'rds', 'lockstep:stage': stage })

  test('given it, when its properties are read, then it is closed, encrypted, and asks for TLS and tokens', () => {
    const template = made('production')
    expect(only(template, 'AWS::RDS::DBInstance').properties).toMatchObject({
      Engine: 'postgres',
      EngineVersion: '17',
      PubliclyAccessible: false,
      StorageEncrypted: true,
      EnableIAMDatabaseAuthentication: true,
      ManageMasterUserPassword: true,
      EnableCloudwatchLogsExports: ['postgresql'],
      EnablePerformanceInsights: true,
    })
    expect(only(template, 'AWS::RDS::DBParameterGroup').properties).toMatchObject({
      Parameters: { 'rds.force_ssl': '1' },
    })
  })

  test.each([
    ['dev', 'db.t4g.micro', false, false, 1, 'Delete'],
    ['staging', 'db.t4g.small', false, true, 7, 'Snapshot'],
    ['production', 'db.m7g.large', true, true, 35, 'Retain'],
  ])('given %s, when it is made, then it is a %s as that stage wants', (stage, size, standby, kept, days, removal) => {
    const instance = only(made(stage), 'AWS::RDS::DBInstance')
    expect(instance.properties).toMatchObject({
      DBInstanceClass: size,
      MultiAZ: standby,
      DeletionProtection: kept,
      BackupRetentionPeriod: days,
    })
    expect(instance.deletionPolicy).toBe(removal)
  })
})

describe('a cluster of Aurora', () => {
  const made = (stage: string) => synthesize({ 'lockstep:database': 'aurora', 'lockstep:stage': stage })

  test('given it, when its properties are read, then it is closed, encrypted, and asks for TLS and tokens', () => {
    const template = made('production')
    expect(only(template, 'AWS::RDS::DBCluster').properties).toMatchObject({
      Engine: 'aurora-postgresql',
      EngineVersion: expect.stringMatching(/^17\./),
      StorageEncrypted: true,
      EnableIAMDatabaseAuthentication: true,
      ManageMasterUserPassword: true,
      EnableCloudwatchLogsExports: ['postgresql'],
    })
    for (const { properties } of resourcesOfType(template, 'AWS::RDS::DBInstance'))
      expect(properties).toMatchObject({ PubliclyAccessible: false, EnablePerformanceInsights: true })
    expect(only(template, 'AWS::RDS::DBClusterParameterGroup').properties).toMatchObject({
      Parameters: { 'rds.force_ssl': '1' },
    })
  })

  test.each([
    ['dev', { MinCapacity: 0, MaxCapacity: 1 }, 1, false, 1, 'Delete'],
    ['staging', { MinCapacity: 0, MaxCapacity: 2 }, 1, true, 7, 'Snapshot'],
    ['production', { MinCapacity: 0.5, MaxCapacity: 8 }, 2, true, 35, 'Retain'],
  ])(
    'given %s, when it is made, then it scales by %o as that stage wants',
    (stage, scaling, size, kept, days, removal) => {
      const template = made(stage)
      const cluster = only(template, 'AWS::RDS::DBCluster')
      expect(cluster.properties).toMatchObject({
        ServerlessV2ScalingConfiguration: scaling,
        DeletionProtection: kept,
        BackupRetentionPeriod: days,
      })
      expect(cluster.deletionPolicy).toBe(removal)
      expect(resourcesOfType(template, 'AWS::RDS::DBInstance')).toHaveLength(size)
    },
  )
})

describe('Lockstep beside it', () => {
  test.each([
    ['dev', 'GOVERNANCE', 1],
    ['staging', 'GOVERNANCE', 30],
    ['production', 'COMPLIANCE', 365],
  ])('given %s, when records are archived, then in mode %s for %d days', (stage, Mode, Days) => {
    const template = synthesize({ 'lockstep:database': 'rds', 'lockstep:stage': stage })
    const records = resourcesOfType(template, 'AWS::S3::Bucket').find(({ id }) => id.includes('Records'))
    expect(records?.properties).toMatchObject({
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode, Days } } },
    })
  })

  test('given its target, when aliases are listed, then each front has the one of `shop`', () => {
    const aliases = resourcesOfType(synthesize({ 'lockstep:database': 'rds' }), 'AWS::Lambda::Alias')
    expect(aliases.map(({ properties }) => properties.Name)).toEqual(['shop', 'shop', 'shop'])
  })

  test('given roles that are made, when the endpoint is not wanted any more, then nothing is paid by the hour for them', () => {
    const template = synthesize({ 'lockstep:database': 'rds', 'lockstep:addSecretsEndpoint': 'false' })
    const types = resourcesOfType(template, 'AWS::EC2::VPCEndpoint').map(({ properties }) => properties.VpcEndpointType)
    expect(types).toEqual(['Gateway', 'Gateway'])
  })

  test('given a repository, when its workflows push, then from the environment that is named as the stage', () => {
    const github = { 'lockstep:stage': 'staging', 'lockstep:githubRepository': 'acme/shop' }
    const template = synthesize({ 'lockstep:database': 'rds', ...github })
    const [trust] = statementsOf(template).filter(({ actions }) => actions.includes('sts:AssumeRoleWithWebIdentity'))
    expect(trust?.condition).toMatchObject({
      StringEquals: { 'token.actions.githubusercontent.com:sub': 'repo:acme/shop:environment:staging' },
    })
    expect(rendered(template.toJSON().Outputs.PushRole?.Value)).toMatch(/^Push\w*\.Arn$/)
  })

  test('given the account’s provider, when the role is made, then no second one is', () => {
    const providerArn = 'arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com'
    const github = { 'lockstep:githubRepository': 'acme/shop', 'lockstep:githubProviderArn': providerArn }
    const template = synthesize({ 'lockstep:database': 'rds', ...github })
    expect(resourcesOfType(template, 'AWS::IAM::OIDCProvider')).toEqual([])
  })

  test('given no repository, when roles are listed, then none is assumed by a workflow', () => {
    const statements = statementsOf(synthesize({ 'lockstep:database': 'rds' }))
    expect(statements.filter(({ actions }) => actions.includes('sts:AssumeRoleWithWebIdentity'))).toEqual([])
  })
})

describe('the context of the sample', () => {
  test.each([undefined, 'existing'])('given the database %s, when it is read, then there is no sample', (database) => {
    expect(read({ 'lockstep:database': database })).toBeUndefined()
  })

  test('given a database alone, when it is read, then it is of stage dev, with the endpoint', () => {
    const { 'lockstep:artefacts': artefacts } = exampleContext
    expect(read({ 'lockstep:database': 'rds' })).toEqual({
      ...{ database: 'rds', stage: 'dev', addSecretsEndpoint: true, artefacts },
    })
  })

  test.each([
    [{ 'lockstep:stage': 'production' }, /lockstep:stage/],
    [{ 'lockstep:githubRepository': 'acme/shop' }, /lockstep:githubRepository/],
    [
      { 'lockstep:database': 'rds', 'lockstep:githubProviderArn': 'arn:aws:iam::123456789012:oidc-provider/x' },
      /githubProviderArn is wanted only with lockstep:githubRepository/,
    ],
    [
      { 'lockstep:database': 'rds', 'lockstep:addSecretsEndpoint': 'maybe' },
      /expected true or false\n.*\nset it in cdk.json/,
    ],
    [{ 'lockstep:database': 'mysql' }, /lockstep:database/],
    [{ 'lockstep:database': 'rds', 'lockstep:stage': 'test' }, /"dev"\|"staging"\|"production".*\n.*lockstep:stage/],
    [{ 'lockstep:database': 'rds', 'lockstep:addSecretsEndpoint': 'maybe' }, /lockstep:addSecretsEndpoint/],
  ])('given %o, when it is read, then it says what is wrong', (context, message) => {
    expect(() => read(context)).toThrow(/^context is wrong:\n/)
    expect(() => read(context)).toThrow(message)
  })
})

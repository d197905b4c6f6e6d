import { type App, Duration, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as rds from 'aws-cdk-lib/aws-rds'
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import { describe, expect, test } from 'vitest'
import { type DatabaseTargetProps, fromCluster, fromInstance } from '../../infra/constructs/database-targets.ts'
import type { TargetProps } from '../../infra/constructs/target-props.ts'
import { type Data, isolated, makeCluster, makeData, makeInstance, makeMigrations } from './made-databases.ts'
import { rendered, resourcesOf, resourcesOfType, statementsOf } from './reading.ts'

const shop = { name: 'shop', database: 'shop', user: 'shop_login', applicationRole: 'shop_app' }

const instanceTarget = (data: Data, changes: Partial<DatabaseTargetProps> = {}) =>
  fromInstance(makeInstance(data), { ...shop, ...changes })
const clusterTarget = (data: Data, changes: Partial<DatabaseTargetProps> = {}) =>
  fromCluster(makeCluster(data), { ...shop, ...changes })

const synthesize = (makeTarget: typeof instanceTarget): Template => {
  const data = makeData()
  const targets = [makeTarget(data, { makeRoles: true })]
  makeMigrations(data.stack, { vpc: data.vpc, targets, addGatewayEndpoints: true, addSecretsEndpoint: true })
  return Template.fromStack(data.stack)
}

const commandOf = (template: Template): string => {
  const outputs: Record<string, { Value: unknown }> = template.toJSON().Outputs
  const [, output] = Object.entries(outputs).find(([id]) => id.includes('Settings')) ?? []
  return rendered(output?.Value)
}

/** Rules as `from → to port`. */
const ingressOf = (template: Template): readonly string[] =>
  resourcesOfType(template, 'AWS::EC2::SecurityGroupIngress').map(({ properties }) => {
    const { SourceSecurityGroupId: from, GroupId: to, FromPort: first, ToPort: last } = properties
    return `${rendered(from)} → ${rendered(to)} ${[...new Set([first, last].map(rendered))].join('-')}`
  })

describe.each([
  ['an instance', instanceTarget, 'DbiResourceId'],
  ['a cluster', clusterTarget, 'DBClusterResourceId'],
] as const)('a target from %s', (_, makeTarget, resourceId) => {
  const template = synthesize(makeTarget)

  test('given it, when the settings command is read, then host and port are the ones that the endpoint will have', () => {
    expect(commandOf(template)).toContain(
      '"connection":{"M":{"host":{"S":"Database.Endpoint.Address"},"port":{"N":"Database.Endpoint.Port"},"database":{"S":"shop"},',
    )
  })

  test('given it, when the runner may log in, then to that database alone, as the login role alone', () => {
    const logins = statementsOf(template).filter(({ actions }) => actions.includes('rds-db:connect'))
    expect(logins.flatMap(({ resources }) => resources)).toEqual([
      `arn:AWS::Partition:rds-db:AWS::Region:AWS::AccountId:dbuser:Database.${resourceId}/shop_login`,
    ])
  })

  test('given it, when its rules are read, then it lets the runner in by its port, and nobody else', () => {
    const inward = ingressOf(template).filter((rule) => rule.includes('→ Database'))
    expect(inward).toEqual(['SecurityGroup.GroupId → DatabaseSecurityGroup.GroupId Database.Endpoint.Port'])
  })

  test('given no group of another’s, when the runner’s rules are read, then it lets out HTTPS and that port to that database', () => {
    const [group] = resourcesOfType(template, 'AWS::EC2::SecurityGroup').filter(({ id }) =>
      id.startsWith('LockstepSecurityGroup'),
    )
    expect(group?.properties.SecurityGroupEgress).toMatchObject([{ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443 }])
    const outward = resourcesOfType(template, 'AWS::EC2::SecurityGroupEgress').map(({ properties }) => [
      rendered(properties.GroupId),
      rendered(properties.DestinationSecurityGroupId),
      rendered(properties.FromPort),
    ])
    expect(outward).toEqual([['SecurityGroup.GroupId', 'DatabaseSecurityGroup.GroupId', 'Database.Endpoint.Port']])
  })

  test('given `makeRoles`, when roles are made, then as the administrator whose secret the construct knows', () => {
    const [roles] = resourcesOfType(template, 'Custom::LockstepRoles')
    expect(rendered(roles?.properties.adminSecretArn)).toBe('Database.MasterUserSecret.SecretArn')
  })

  test('given `makeRoles`, when roles are made, then database, rules and endpoints are there before', () => {
    const [roles] = resourcesOfType(template, 'Custom::LockstepRoles')
    const wanted = resourcesOf(template).filter(({ type }) =>
      /::(DBInstance|DBCluster|SecurityGroupIngress|SecurityGroupEgress|VPCEndpoint)$/.test(type),
    )
    expect(wanted.length).toBeGreaterThan(5)
    expect(wanted.filter(({ id }) => !roles?.dependsOn.includes(id)).map(({ id }) => id)).toEqual([])
  })
})

describe('what else is let in', () => {
  test('given two databases of one instance, when they are targets, then the runner is let in once', () => {
    const data = makeData()
    const instance = makeInstance(data)
    const targets = ['shop', 'stock'].map((name) => fromInstance(instance, { ...shop, name, makeRoles: true }))
    makeMigrations(data.stack, { vpc: data.vpc, targets })
    const template = Template.fromStack(data.stack)
    expect(ingressOf(template)).toHaveLength(1)
    expect(resourcesOfType(template, 'Custom::LockstepRoles')).toHaveLength(2)
  })

  test('given a server that is no target’s, when it lets Lockstep in, then it is the runner’s group', () => {
    const data = makeData()
    const migrations = makeMigrations(data.stack, { vpc: data.vpc, targets: [{ ...shop, host: 'db.example.com' }] })
    makeInstance(data).connections.allowFrom(migrations, ec2.Port.tcp(5432))
    expect(ingressOf(Template.fromStack(data.stack))).toEqual([
      'SecurityGroup.GroupId → DatabaseSecurityGroup.GroupId 5432',
    ])
  })
})

describe('databases of another stack', () => {
  test.each([
    ['an instance', instanceTarget],
    ['a cluster', clusterTarget],
  ] as const)('given %s, when both stacks are made, then neither waits for the other in a circle', (_, makeTarget) => {
    const data = makeData()
    const stack = new Stack(data.stack.node.root as App, 'Runner')
    makeMigrations(stack, { vpc: data.vpc, targets: [makeTarget(data, { makeRoles: true })] })
    expect(ingressOf(Template.fromStack(stack))).toHaveLength(1)
    expect(ingressOf(Template.fromStack(data.stack))).toEqual([])
  })
})

describe('imported databases', () => {
  const importInstance = ({ stack }: Data, instanceResourceId?: string) =>
    rds.DatabaseInstance.fromDatabaseInstanceAttributes(stack, 'Database', {
      instanceIdentifier: 'shop',
      instanceEndpointAddress: 'shop.c0ffee.eu-central-1.rds.amazonaws.com',
      port: 5433,
      securityGroups: [],
      ...(instanceResourceId !== undefined && { instanceResourceId }),
    })
  const importCluster = ({ stack }: Data, clusterResourceIdentifier?: string) =>
    rds.DatabaseCluster.fromDatabaseClusterAttributes(stack, 'Database', {
      clusterIdentifier: 'shop',
      clusterEndpointAddress: 'shop.cluster-c0ffee.eu-central-1.rds.amazonaws.com',
      port: 5433,
      ...(clusterResourceIdentifier !== undefined && { clusterResourceIdentifier }),
    })

  test('given what is known of them, when they become targets, then it is there, and nothing is made up', () => {
    const address = (target: TargetProps) => [target.host, target.port, target.resourceId]
    expect([
      address(fromInstance(importInstance(makeData(), 'db-ABC'), shop)),
      address(fromInstance(importInstance(makeData()), shop)),
      address(fromCluster(importCluster(makeData(), 'cluster-ABC'), shop)),
      address(fromCluster(importCluster(makeData()), shop)),
    ]).toEqual([
      ['shop.c0ffee.eu-central-1.rds.amazonaws.com', 5433, 'db-ABC'],
      ['shop.c0ffee.eu-central-1.rds.amazonaws.com', 5433, undefined],
      ['shop.cluster-c0ffee.eu-central-1.rds.amazonaws.com', 5433, 'cluster-ABC'],
      ['shop.cluster-c0ffee.eu-central-1.rds.amazonaws.com', 5433, undefined],
    ])
  })

  test('given groups that are not known, when the runner’s own is made, then it lets the port out, to anywhere', () => {
    const data = makeData()
    makeMigrations(data.stack, { vpc: data.vpc, targets: [fromInstance(importInstance(data), shop)] })
    const template = Template.fromStack(data.stack)
    const [group] = resourcesOfType(template, 'AWS::EC2::SecurityGroup').filter(({ id }) => id.startsWith('Lockstep'))
    expect(group?.properties.SecurityGroupEgress).toMatchObject([
      { CidrIp: '0.0.0.0/0', FromPort: 443 },
      { CidrIp: '0.0.0.0/0', FromPort: 5433 },
    ])
  })

  test('given no secret of the administrator, when roles should be made, then it says what is missing', () => {
    expect(() => fromInstance(importInstance(makeData()), { ...shop, makeRoles: true })).toThrow(
      'shop knows no secret of its administrator, expected `adminSecret` with `makeRoles`',
    )
  })
})

describe('what is no target', () => {
  test('given a proxy, when it becomes a target, then it is refused, and why', () => {
    const data = makeData()
    const secrets = [secretsmanager.Secret.fromSecretNameV2(data.stack, 'Secret', 'shop')]
    const proxy: unknown = makeInstance(data).addProxy('Proxy', { vpc: data.vpc, vpcSubnets: isolated, secrets })
    expect(() => fromInstance(proxy as rds.IDatabaseInstance, shop)).toThrow(/RDS Proxy.*lock is a session's/)
  })

  test('given the host name of a proxy, when the construct is made, then it is refused, and why', () => {
    const { stack, vpc } = makeData()
    const host = 'shop.proxy-c0ffee.eu-central-1.rds.amazonaws.com'
    expect(() => makeMigrations(stack, { vpc, targets: [{ ...shop, host }] })).toThrow(
      /shop is reached by RDS Proxy, expected its instance or cluster/,
    )
  })

  test('given a read replica, when it becomes a target, then it is refused', () => {
    const data = makeData()
    const replica = new rds.DatabaseInstanceReadReplica(data.stack, 'Replica', {
      sourceDatabaseInstance: makeInstance(data, { backupRetention: Duration.days(1) }),
      instanceType: ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MICRO),
      ...{ vpc: data.vpc, vpcSubnets: isolated, storageEncrypted: true },
    })
    expect(() => fromInstance(replica, shop)).toThrow('shop is a read replica')
  })

  test('given MySQL, when it becomes a target, then it is refused', () => {
    const engine = rds.DatabaseInstanceEngine.mysql({ version: rds.MysqlEngineVersion.VER_8_0 })
    expect(() => fromInstance(makeInstance(makeData(), { engine }), shop)).toThrow(
      'shop has the engine mysql, expected PostgreSQL',
    )
  })

  test('given no IAM authentication, when there is no secret either, then it is refused, and with a secret it is not', () => {
    const data = makeData()
    const instance = makeInstance(data, { iamAuthentication: false })
    const cluster = makeCluster(makeData(), { iamAuthentication: false })
    const expected = 'expected `iamAuthentication: true` or a secret of the login role'
    expect(() => fromInstance(instance, shop)).toThrow(expected)
    expect(() => fromCluster(cluster, shop)).toThrow(expected)
    const secret = instance.secret
    expect(secret && fromInstance(instance, { ...shop, secret }).secret).toBe(secret)
  })
})

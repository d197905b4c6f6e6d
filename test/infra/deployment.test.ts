import { describe, expect, test } from 'vitest'
import { refuseUnknownKeys } from '../../infra/context.ts'
import { type Deployment, deploymentKeys, readDeployment } from '../../infra/deployment.ts'
import { rendered } from './reading.ts'
import { exampleContext, makeApp, synthesize } from './synthesize.ts'

const read = (context: Readonly<Record<string, unknown>>): Deployment => readDeployment(makeApp(context).node)

const target = { name: 'shop', host: 'db.example.com', database: 'shop', user: 'login', applicationRole: 'app' }

describe('context', () => {
  test('given no context, when the deployment is read, then every missing key is named with what it wants', () => {
    expect(() => read({})).toThrow(
      [
        'context is missing:',
        '  lockstep:vpcId: the VPC from which the databases can be reached, for example vpc-0a1b2c',
        "  lockstep:subnetIds: the runner's subnets, as a list or separated by commas",
        "  lockstep:securityGroupIds: the runner's security groups, as a list or separated by commas",
        '  lockstep:targets: the databases, as a list (or its JSON) of { name, host, port?, database, user, applicationRole, secretArn?, adminSecretArn?, ownerRole?, resourceId?, authorities?, searchPath?, lockTimeoutMs?, statementTimeoutMs?, outOfOrder?, requireManifest?, requireCertificate?, keepBytes?, keepRows?, signers?, after? }',
        'set it in cdk.json below "context", or with `cdk deploy -c key=value`; docs/aws.md has an example',
      ].join('\n'),
    )
  })

  test('given one empty key, when the deployment is read, then only that key is missing', () => {
    expect(() => read({ ...exampleContext, 'lockstep:vpcId': '' })).toThrow(
      /^context is missing:\n {2}lockstep:vpcId: .*\nset/,
    )
  })

  test('given values as the command line gives them, when the deployment is read, then it is the same as with lists', () => {
    const common = { 'lockstep:vpcId': 'vpc-1', 'lockstep:securityGroupIds': ['sg-1'] }
    const lists = read({ ...common, 'lockstep:subnetIds': ['subnet-a', 'subnet-b'], 'lockstep:targets': [target] })
    const texts = read({
      ...common,
      'lockstep:subnetIds': 'subnet-a, subnet-b',
      'lockstep:targets': JSON.stringify([target]),
    })
    expect(texts).toEqual(lists)
    expect(texts).toEqual({
      vpcId: 'vpc-1',
      subnetIds: ['subnet-a', 'subnet-b'],
      securityGroupIds: ['sg-1'],
      targets: [{ ...target, port: 5432, requireCertificate: false, signers: [] }],
      endpointRouteTableIds: [],
      addSecretsEndpoint: false,
    })
  })

  test.each([
    ['a name that no target can have', [{ ...target, name: 'Shop*' }]],
    ['a port out of range', [{ ...target, port: 70_000 }]],
    ['a key that is not known', [{ ...target, password: 'secret' }]],
    ['a resource id that is an endpoint', [{ ...target, resourceId: 'shop.c0ffee' }]],
    ['a secret by its name', [{ ...target, secretArn: 'shop' }]],
    ['an order that is none', [{ ...target, outOfOrder: 'allow' }]],
    ['a limit of nothing', [{ ...target, keepRows: 0 }]],
    ['a timeout with its unit', [{ ...target, lockTimeoutMs: '5s' }]],
    ['no JSON', 'shop'],
    ['no targets', []],
  ])('given %s, when the deployment is read, then it says what is wrong', (_, targets) => {
    expect(() => read({ ...exampleContext, 'lockstep:targets': targets })).toThrow(
      /^context is wrong:\n.*\n.*lockstep:targets/,
    )
  })

  test('given what a target decides, when the stack is made, then the command that it gives writes it', () => {
    const decisions = { lockTimeoutMs: 1, statementTimeoutMs: 2, keepBytes: 3, keepRows: 4, outOfOrder: 'refuse' }
    const targets = [{ ...target, ...decisions, searchPath: 'shop', requireManifest: true }]
    const outputs: Record<string, { readonly Value: unknown }> = synthesize({
      ...exampleContext,
      'lockstep:targets': targets,
    }).toJSON().Outputs
    const [, output] = Object.entries(outputs).find(([id]) => id.startsWith('LockstepSettings')) ?? []
    const item = rendered(output?.Value)
    const written = [...Object.entries(decisions), ['searchPath', 'shop'], ['requireManifest', true]].filter(
      ([name, value]) =>
        [`"${name}":{"N":"${value}"}`, `"${name}":{"S":"${value}"}`, `"${name}":{"BOOL":${value}}`].some((attribute) =>
          item.includes(attribute),
        ),
    )
    expect(written).toHaveLength(7)
  })

  test.each([
    ['lockstep:vpcId', 'shop', 'expected an id, vpc-…'],
    ['lockstep:subnetIds', 'subnet-1,,subnet-2', 'expected an id, subnet-…'],
    ['lockstep:securityGroupIds', ['default'], 'expected an id, sg-…'],
    ['lockstep:addSecretsEndpoint', 'yes', 'expected true or false'],
    ['lockstep:targets', 'shop', 'expected a list, or its JSON'],
  ])(
    'given %s of %o, when the deployment is read, then it says what was expected, and how to go on',
    (key, value, expected) => {
      expect(() => read({ ...exampleContext, [key]: value })).toThrow(
        expect.objectContaining({
          message: expect.stringMatching(new RegExp(`${expected}[^]*${key}[^]*set it in cdk.json`)),
        }),
      )
    },
  )

  test('given route tables without endpoints, when the deployment is read, then it says that nobody would read them', () => {
    const wanted = { ...exampleContext, 'lockstep:routeTableIds': ['rtb-1', 'rtb-2'] }
    expect(() => read(wanted)).toThrow('wanted only with lockstep:addGatewayEndpoints')
  })

  test('given a key with a slip of the pen, when keys are compared with those that are read, then the one that was meant is named', () => {
    const { node } = makeApp({ ...exampleContext, 'lockstep:targts': '[]', 'lockstep:colour': 'red' })
    expect(() => refuseUnknownKeys(node, deploymentKeys)).toThrow(
      [
        'context is wrong:',
        '  lockstep:targts: there is no such key; did you mean lockstep:targets?',
        '  lockstep:colour: there is no such key',
        'set it in cdk.json',
      ].join('\n'),
    )
  })

  test('given two targets of one name, when the stack is made, then the name is named', () => {
    expect(() => synthesize({ ...exampleContext, 'lockstep:targets': [target, target] })).toThrow(
      'two targets are named "shop", expected names that differ',
    )
  })

  test('given endpoints without a route table for each subnet, when the deployment is read, then it says how many are wanted', () => {
    const wanted = { ...exampleContext, 'lockstep:addGatewayEndpoints': true, 'lockstep:routeTableIds': ['rtb-1'] }
    expect(() => read(wanted)).toThrow('wants lockstep:routeTableIds, one for each of the 2 subnets; got 1')
  })
})

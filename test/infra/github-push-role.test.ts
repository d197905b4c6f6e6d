import { Template } from 'aws-cdk-lib/assertions'
import * as iam from 'aws-cdk-lib/aws-iam'
import { AwsSolutionsChecks } from 'cdk-nag'
import { describe, expect, test } from 'vitest'
import { GitHubPushRole, type GitHubPushRoleProps } from '../../infra/constructs/github-push-role.ts'
import { resourcesOfType, statementsOf } from './reading.ts'
import { makeOwn } from './synthesize.ts'

type Changes = Partial<GitHubPushRoleProps>

const makeRole = (changes: Changes = {}) => {
  const { stack, migrations } = makeOwn()
  const defaults = { migrations, target: 'shop', repository: 'acme/shop', from: { environment: 'production' } }
  new GitHubPushRole(stack, 'LockstepPush', { ...defaults, ...changes })
  return { stack, migrations, defaults }
}

const trustOf = (changes: Changes) =>
  statementsOf(Template.fromStack(makeRole(changes).stack)).filter(({ owner }) => owner === 'Push')

describe('the role of a GitHub workflow', () => {
  const { stack } = makeRole()
  const template = Template.fromStack(stack)

  test.each([
    [{ from: { environment: 'production' } }, 'repo:acme/shop:environment:production'],
    [{ from: { branch: 'release/1.x' } }, 'repo:acme/shop:ref:refs/heads/release/1.x'],
    [
      { repository: 'acme@123456/shop@456789', from: { branch: 'main' } },
      'repo:acme@123456/shop@456789:ref:refs/heads/main',
    ],
  ] satisfies [Changes, string][])('given %o, when its trust is read, then it is of "%s" alone', (changes, subject) => {
    const trust = trustOf(changes)
    expect(trust).toMatchObject([{ effect: 'Allow', actions: ['sts:AssumeRoleWithWebIdentity'] }])
    expect(trust.map(({ condition }) => condition)).toEqual([
      {
        StringEquals: {
          'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
          'token.actions.githubusercontent.com:sub': subject,
        },
      },
    ])
  })

  test('given it, when its rights are listed, then it puts and reads bundles of its target and asks for status, and nothing else', () => {
    const statements = statementsOf(template).filter(({ owner }) => owner.startsWith('PushDefaultPolicy'))
    expect(statements.map(({ effect, actions, resources }) => [effect, actions, resources])).toEqual([
      ['Allow', ['lambda:InvokeFunction'], ['Status.Arn:shop']],
      ['Allow', ['s3:PutObject', 's3:GetObject'], ['BundleBucket.Arn/bundles/shop/*']],
    ])
  })

  test('given it, when its policies are listed, then no other one is attached, and a session ends within the hour', () => {
    const [role] = resourcesOfType(template, 'AWS::IAM::Role').filter(({ id }) => id.startsWith('LockstepPush'))
    expect(role?.properties).toMatchObject({ MaxSessionDuration: 3600 })
    expect(role?.properties).not.toHaveProperty('ManagedPolicyArns')
    expect(role?.properties).not.toHaveProperty('Policies')
  })

  test('given no provider, when two roles are made, then they share one, which is no custom resource', () => {
    const two = makeRole()
    new GitHubPushRole(two.stack, 'Other', { ...two.defaults, from: { branch: 'main' } })
    const template = Template.fromStack(two.stack)
    expect(resourcesOfType(template, 'AWS::IAM::OIDCProvider').map(({ properties }) => properties)).toEqual([
      { Url: 'https://token.actions.githubusercontent.com', ClientIdList: ['sts.amazonaws.com'] },
    ])
    expect(resourcesOfType(template, 'AWS::CloudFormation::CustomResource')).toEqual([])
  })

  test('given the account’s provider, when the role is made, then it trusts that one, and makes none', () => {
    const arn = 'arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com'
    const { stack, migrations } = makeOwn()
    const provider = iam.OidcProviderNative.fromOidcProviderArn(stack, 'Provider', arn)
    const from = { branch: 'main' }
    const { role } = new GitHubPushRole(stack, 'Push', {
      migrations,
      target: 'shop',
      repository: 'acme/shop',
      from,
      provider,
    })
    expect(stack.resolve(role.assumeRolePolicy?.toJSON())).toMatchObject({
      Statement: [{ Principal: { Federated: arn } }],
    })
    expect(resourcesOfType(Template.fromStack(stack), 'AWS::IAM::OIDCProvider')).toEqual([])
  })

  test.each([
    '*/*',
    'acme/*',
    '*',
    'acme',
    'acme/shop/more',
    'acme@1/shop',
    'acme/shop@2',
    'acme/sh?p',
    '$' + '{aws:x}/shop',
  ])('given the repository "%s", when the role is made, then it is refused', (repository) => {
    expect(() => makeRole({ repository })).toThrow(/is no repository, expected "owner\/name"/)
  })

  test.each([
    { environment: '*' },
    { environment: '' },
    { branch: 'release/*' },
    { branch: 'a:b' },
    { branch: '$' + '{aws:username}' },
  ])('given runs of %o, when the role is made, then it is refused', (from) => {
    expect(() => makeRole({ from })).toThrow(/is no (environment|branch)'s name, expected one without wildcards/)
  })

  test('given it, when AwsSolutions are checked, then nothing is found that is not acknowledged with its reason', () => {
    const { violations } = new AwsSolutionsChecks(stack).validateScope(stack)
    expect(violations.map(({ ruleName }) => ruleName)).toEqual([])
  })
})

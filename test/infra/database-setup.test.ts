import type { Template } from 'aws-cdk-lib/assertions'
import { AwsSolutionsChecks } from 'cdk-nag'
import { describe, expect, test } from 'vitest'
import { environment } from '../../functions/edge/resources.ts'
import { setupTarget } from '../../functions/edge/set-up-roles.ts'
import { isRecord, rendered, resourcesOfType, statementsOf } from './reading.ts'
import { exampleContext, makeStack, synthesize } from './synthesize.ts'

const adminSecretArn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!cluster-admin-AbCdEf'
const [demo] = exampleContext['lockstep:targets']
const context = { ...exampleContext, 'lockstep:targets': [{ ...demo, adminSecretArn }] }
const template = synthesize(context)
const setupsOf = (of: Template) => resourcesOfType(of, 'AWS::Lambda::Function').filter(({ id }) => id.includes('Setup'))

describe('roles made at deploy', () => {
  test('given an administrator’s secret, when the stack is made, then its function is told all that it wants of the target', () => {
    const [setup] = setupsOf(template)
    const variables = isRecord(setup?.properties.Environment) ? setup.properties.Environment.Variables : {}
    const known = isRecord(variables) ? String(variables[environment.setupTarget]) : ''
    expect(setupTarget.parse(JSON.parse(known))).toEqual({
      target: 'demo',
      host: demo?.host,
      port: 5432,
      database: 'demo',
      applicationRole: 'demo_app',
      loginRole: 'lockstep_login',
      ownerRole: 'lockstep_login_owner',
      loginBy: 'iam',
      adminSecretArn,
    })
    const [roles] = resourcesOfType(template, 'Custom::LockstepRoles')
    expect(roles?.properties).toMatchObject({
      host: demo?.host,
      ServiceTimeout: '180',
      version: expect.stringMatching(/^[0-9a-f]{12}$/),
    })
  })

  test('given it, when rights are listed, then that function reads the secret and writes its log, and nobody else reads the secret', () => {
    const statements = statementsOf(template).filter(({ effect }) => effect === 'Allow')
    const rights = statements
      .filter(({ owner }) => owner.startsWith('DatabaseSetupFunctiondemoRoleDefaultPolicy'))
      .flatMap(({ actions, resources }) => actions.flatMap((action) => resources.map((on) => `${action} on ${on}`)))
    expect(rights.toSorted()).toEqual([
      'logs:CreateLogStream on DatabaseSetupFunctiondemoLog.Arn',
      'logs:PutLogEvents on DatabaseSetupFunctiondemoLog.Arn',
      `secretsmanager:GetSecretValue on ${adminSecretArn}`,
      'xray:PutTelemetryRecords on *',
      'xray:PutTraceSegments on *',
    ])
    const readers = statements.filter(({ resources }) => resources.includes(adminSecretArn))
    expect(readers).toHaveLength(1)
  })

  test('given it, when nobody but CloudFormation may call the function, then no statement lets anybody', () => {
    const callers = statementsOf(template).filter(
      ({ actions, resources }) =>
        actions.includes('lambda:InvokeFunction') && resources.some((on) => on.includes('DatabaseSetup')),
    )
    expect(callers).toEqual([])
  })

  test('given it, when its network is read, then it is the runner’s', () => {
    const networks = resourcesOfType(template, 'AWS::Lambda::Function')
      .filter(({ properties }) => properties.VpcConfig !== undefined)
      .map(({ properties }) => rendered(properties.VpcConfig))
    expect(networks).toHaveLength(2)
    expect(new Set(networks).size).toBe(1)
  })

  test('given it, when AwsSolutions are checked, then nothing new is found', () => {
    const stack = makeStack(context)
    const { violations } = new AwsSolutionsChecks(stack).validateScope(stack)
    expect(violations.map(({ ruleName }) => ruleName)).toEqual([])
  })

  test('given two targets with secrets, when the stack is made, then each has a function that reads one of them alone', () => {
    const other = { ...demo, name: 'other', adminSecretArn: adminSecretArn.replace('admin', 'other') }
    const both = synthesize({ ...context, 'lockstep:targets': [{ ...demo, adminSecretArn }, other] })
    const reads = statementsOf(both)
      .filter(({ owner, actions }) => owner.includes('Setup') && actions.includes('secretsmanager:GetSecretValue'))
      .map(({ owner, resources }) => [owner, resources])
    expect(reads).toEqual([
      ['DatabaseSetupFunctiondemoRoleDefaultPolicy', [adminSecretArn]],
      ['DatabaseSetupFunctionotherRoleDefaultPolicy', [other.adminSecretArn]],
    ])
  })

  test('given authorities that no environment holds, when the stack is made, then that is said with what to do', () => {
    const authorities = `-----BEGIN CERTIFICATE-----${'x'.repeat(3_000)}`
    const long = { ...exampleContext, 'lockstep:targets': [{ ...demo, adminSecretArn, authorities }] }
    expect(() => synthesize(long)).toThrow('name only the one that signs the server')
  })

  test('given no such secret, when the stack is made, then there is neither function nor resource', () => {
    const plain = synthesize()
    expect(resourcesOfType(plain, 'Custom::LockstepRoles')).toEqual([])
    expect(setupsOf(plain)).toEqual([])
  })
})

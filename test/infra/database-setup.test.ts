import { AwsSolutionsChecks } from 'cdk-nag'
import { describe, expect, test } from 'vitest'
import { setupProperties } from '../../functions/edge/set-up-roles.ts'
import { rendered, resourcesOfType, statementsOf } from './reading.ts'
import { exampleContext, makeStack, synthesize } from './synthesize.ts'

const adminSecretArn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!cluster-admin-AbCdEf'
const [demo] = exampleContext['lockstep:targets']
const context = { ...exampleContext, 'lockstep:targets': [{ ...demo, adminSecretArn }] }
const template = synthesize(context)

describe('roles made at deploy', () => {
  test('given an administrator’s secret, when the stack is made, then its function is told all that it wants of the target', () => {
    const [roles] = resourcesOfType(template, 'Custom::LockstepRoles')
    expect(setupProperties.parse(roles?.properties)).toEqual({
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
    expect(roles?.properties).toMatchObject({ ServiceTimeout: '180', version: expect.stringMatching(/^[0-9a-f]{12}$/) })
  })

  test('given it, when rights are listed, then that function reads the secret and writes its log, and nobody else reads the secret', () => {
    const statements = statementsOf(template).filter(({ effect }) => effect === 'Allow')
    const rights = statements
      .filter(({ owner }) => owner.startsWith('DatabaseSetupFunctionRoleDefaultPolicy'))
      .flatMap(({ actions, resources }) => actions.flatMap((action) => resources.map((on) => `${action} on ${on}`)))
    expect(rights.toSorted()).toEqual([
      'logs:CreateLogStream on DatabaseSetupFunctionLog.Arn',
      'logs:PutLogEvents on DatabaseSetupFunctionLog.Arn',
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

  test('given no such secret, when the stack is made, then there is neither function nor resource', () => {
    const plain = synthesize()
    expect(resourcesOfType(plain, 'Custom::LockstepRoles')).toEqual([])
    expect(resourcesOfType(plain, 'AWS::Lambda::Function').filter(({ id }) => id.includes('Setup'))).toEqual([])
  })
})

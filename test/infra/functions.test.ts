import { Duration } from 'aws-cdk-lib'
import type { Template } from 'aws-cdk-lib/assertions'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import { describe, expect, test } from 'vitest'
import {
  readApplyConfig,
  readAuditConfig,
  readRunnerConfig,
  readStatusConfig,
  readUnlockConfig,
  readWatchConfig,
} from '../../functions/edge/config.ts'
import { functions } from '../../functions/edge/resources.ts'
import type { PostgresMigrationsProps } from '../../infra/constructs/migrations-props.ts'
import { isRecord, plainId, type Resource, rendered, resourcesOfType, statementsOf } from './reading.ts'
import { exampleContext, makeOwn, makeStack, synthesize, synthesizeOwn } from './synthesize.ts'

const template = synthesize()
const resources = resourcesOfType(template, 'AWS::Lambda::Function')

const resourceOf = (name: string): Resource => {
  const found = resources.find(({ id }) => plainId(id).toLowerCase() === name)
  if (found === undefined) throw new Error(`the template has no function ${name}`)
  return found
}

const environmentOf = (name: string): Readonly<Record<string, string>> => {
  const { Environment } = resourceOf(name).properties
  const variables = isRecord(Environment) && isRecord(Environment.Variables) ? Environment.Variables : {}
  return Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, rendered(value)]))
}

describe('the functions', () => {
  test('given edge/resources.ts, when the functions of the stack are listed, then they are the same', () => {
    const names = resources.map(({ id }) => plainId(id).toLowerCase())
    expect(names.toSorted()).toEqual(functions.map(({ name }) => name).toSorted())
  })

  test.each(functions)(
    'given $name, when its properties are read, then they are as edge/resources.ts says',
    (definition) => {
      expect(resourceOf(definition.name).properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        Timeout: definition.timeoutSeconds,
        MemorySize: definition.memoryMiB,
        LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: expect.stringContaining('Log') } },
      })
      expect(environmentOf(definition.name)).toMatchObject({ NODE_OPTIONS: '--enable-source-maps' })
    },
  )

  test.each(functions)('given the log of $name, when three months have passed, then its lines are gone', ({ name }) => {
    const log = resourcesOfType(template, 'AWS::Logs::LogGroup').find(
      ({ id }) => plainId(id).toLowerCase() === `${name}log`,
    )
    expect(log?.properties).toMatchObject({ RetentionInDays: 90 })
  })

  test('given the functions, when their networks are read, then only the runner is in the VPC', () => {
    const inVpc = resources.filter(({ properties }) => properties.VpcConfig !== undefined)
    expect(inVpc.map(({ id, properties }) => [plainId(id), properties.VpcConfig])).toEqual([
      [
        'Runner',
        {
          SubnetIds: ['subnet-00000000000000001', 'subnet-00000000000000002'],
          SecurityGroupIds: ['sg-00000000000000000'],
        },
      ],
    ])
  })
})

describe('what is decided about the runner', () => {
  const limitsOf = (of: Template, name: string) => {
    const found = resourcesOfType(of, 'AWS::Lambda::Function').find(({ id }) => plainId(id) === name)
    return [found?.properties.Timeout, found?.properties.MemorySize, found?.properties.ReservedConcurrentExecutions]
  }

  test('given a shorter timeout, when the functions are made, then the fronts that wait for the runner have it too, and the queue a minute more', () => {
    const other = synthesizeOwn(() => ({ runnerTimeout: Duration.minutes(6) }))
    const timed = ['Runner', 'Apply', 'Unlock', 'Watch', 'Rollback'].map((name) => [name, limitsOf(other, name)[0]])
    expect(timed).toEqual([
      ['Runner', 360],
      ['Apply', 360],
      ['Unlock', 360],
      ['Watch', 900],
      ['Rollback', 60],
    ])
    other.hasResourceProperties('AWS::SQS::Queue', { VisibilityTimeout: 420 })
  })

  test('given memory and a reservation, when the functions are made, then only the runner has them', () => {
    const other = synthesizeOwn(() => ({ runnerMemorySize: 2_048, runnerReservedConcurrency: 4 }))
    expect([limitsOf(other, 'Runner'), limitsOf(other, 'Apply')]).toEqual([
      [900, 2_048, 4],
      [900, 256, undefined],
    ])
  })

  test.each<[Partial<PostgresMigrationsProps>, string]>([
    [{ runnerTimeout: Duration.minutes(16) }, 'runnerTimeout is 960 s, expected 360 to 900'],
    [{ runnerTimeout: Duration.seconds(359) }, 'a slice has to outlast the longest lease'],
    [{ runnerMemorySize: 511 }, 'runnerMemorySize is 511, expected 512 to 10240 MiB'],
    [{ runnerMemorySize: 10_241 }, 'runnerMemorySize is 10241'],
    [{ runnerReservedConcurrency: 0 }, 'runnerReservedConcurrency is 0, expected at least 1'],
  ])('given %o, when the functions would be made, then it is refused', (props, message) => {
    expect(() => makeOwn(() => props)).toThrow(message)
  })
})

describe('traces', () => {
  const modesOf = (of: Template) =>
    new Set(resourcesOfType(of, 'AWS::Lambda::Function').map(({ properties }) => rendered(properties.TracingConfig)))

  test('given no wish, when the functions are made, then each is traced', () => {
    expect(modesOf(template)).toEqual(new Set(['{"Mode":"Active"}']))
  })

  test('given the wish for no traces, when the functions are made, then none is traced, and none may send any', () => {
    const other = synthesizeOwn(() => ({ tracing: lambda.Tracing.DISABLED }))
    expect(modesOf(other)).toEqual(new Set(['undefined']))
    expect(statementsOf(other).filter(({ actions }) => actions.some((action) => action.startsWith('xray')))).toEqual([])
  })
})

describe('environments', () => {
  test('given certificates of AWS services, when Node checks them, then no function trusts more than Node does', () => {
    const trusting = functions.filter(({ name }) => environmentOf(name).NODE_EXTRA_CA_CERTS !== undefined)
    expect(trusting).toEqual([])
  })

  const archive = { deployment: 'Lockstep-Lockstep', recordsBucket: 'RecordsBucket', eventBus: 'EventBus' }
  const readers = [
    ['runner', readRunnerConfig, { deployment: 'Lockstep-Lockstep' }],
    [
      'apply',
      readApplyConfig,
      {
        queueUrl: 'BundleQueue',
        deadLetterUrl: 'BundleQueueDeadLetters',
        runnerFunction: 'Runner',
        bundleBucket: 'BundleBucket',
      },
    ],
    ['status', readStatusConfig, {}],
    ['unlock', readUnlockConfig, { runnerFunction: 'Runner' }],
    ['audit', readAuditConfig, archive],
    ['watch', readWatchConfig, { ...archive, runnerFunction: 'Runner' }],
  ] as const

  test.each(readers)(
    'given the environment of %s, when the function reads it, then it has what it wants',
    (name, read, expected) => {
      const tables =
        name === 'audit' || name === 'unlock' ? {} : { controlTable: 'ControlTable', auditTable: 'AuditTable' }
      expect(read(environmentOf(name))).toEqual({ ...tables, ...expected })
    },
  )

  test.each(readers)(
    'given the environment of %s, when one variable is taken away, then the function misses it',
    (name, read) => {
      const variables = environmentOf(name)
      const own = Object.keys(variables).filter((variable) => variable.startsWith('LOCKSTEP_'))
      for (const variable of own) expect(() => read({ ...variables, [variable]: undefined })).toThrow(variable)
    },
  )
})

describe('artefacts', () => {
  test('given functions that were not built, when the stack is made, then it says what to run', () => {
    const unbuilt = { ...exampleContext, 'lockstep:artefacts': '/nowhere' }
    expect(() => makeStack(unbuilt)).toThrow(
      'the runner function was not built: /nowhere/runner/index.mjs is missing; run `npm run build`',
    )
  })
})

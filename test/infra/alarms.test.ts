import { Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as sns from 'aws-cdk-lib/aws-sns'
import { describe, expect, test } from 'vitest'
import { alarmTable } from '../../functions/edge/alarm-table.ts'
import { functions } from '../../functions/edge/resources.ts'
import { WatchSchedules } from '../../infra/constructs/watch-schedules.ts'
import { isRecord, listed, plainId, rendered, resourcesOfType, statementsOf } from './reading.ts'
import { synthesize, synthesizeOwn } from './synthesize.ts'

const template = synthesize()
const alarms = resourcesOfType(template, 'AWS::CloudWatch::Alarm')
const composites = resourcesOfType(template, 'AWS::CloudWatch::CompositeAlarm')
const deployment = 'Lockstep-Lockstep'

const alarmOf = (id: string, of = alarms) => {
  const found = of.find(({ properties }) => properties.AlarmName === `${deployment}-${id}`)
  if (found === undefined) throw new Error(`no alarm ${id}`)
  return found
}

describe('alarms', () => {
  test('given the table, when the alarms of the stack are listed, then there is one a row and no other', () => {
    expect(alarms.map(({ properties }) => properties.AlarmName).toSorted()).toEqual(
      alarmTable.map(({ id }) => `${deployment}-${id}`).toSorted(),
    )
  })

  test.each(alarmTable)(
    'given $id, when its alarm is read, then threshold, period and what silence means are the row’s',
    (row) => {
      expect(alarmOf(row.id).properties).toMatchObject({
        Threshold: row.threshold,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        EvaluationPeriods: 1,
        TreatMissingData: row.missing,
      })
    },
  )

  test.each(alarmTable)(
    'given $id, when its description is read, then it says what it means and links to its section',
    (row) => {
      expect(alarmOf(row.id).properties.AlarmDescription).toBe(
        `${row.meaning} What to do: docs/operations.md#${row.id}`,
      )
    },
  )

  test('given silence, when it is bad, then only for what reports every few minutes', () => {
    const breaching = alarms.filter(({ properties }) => properties.TreatMissingData === 'breaching')
    expect(breaching.map(({ properties }) => properties.MetricName).toSorted()).toEqual(['AuditLag', 'HeartbeatAge'])
    template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(5 minutes)', State: 'ENABLED' })
    expect(breaching.every(({ properties }) => Number(properties.Period) >= 3 * 5 * 60)).toBe(true)
  })

  const own = alarmTable.flatMap(({ id, source }) => (source.kind === 'own' ? [{ id, ...source }] : []))
  test.each(own)('given $id, when its metric is read, then it is ours, over all targets of this deployment', (row) => {
    expect(alarmOf(row.id).properties).toMatchObject({
      Namespace: 'Lockstep',
      MetricName: row.metric,
      Statistic: row.statistic,
      Dimensions: [{ Name: 'service', Value: deployment }],
    })
  })

  test('given the functions that measure, when their environment is read, then they name the same deployment', () => {
    const named = resourcesOfType(template, 'AWS::Lambda::Function').flatMap(({ id, properties: { Environment } }) => {
      const variables = isRecord(Environment) && isRecord(Environment.Variables) ? Environment.Variables : {}
      return 'LOCKSTEP_DEPLOYMENT' in variables ? [[plainId(id), variables.LOCKSTEP_DEPLOYMENT]] : []
    })
    expect(named.toSorted()).toEqual(['Audit', 'Runner', 'Watch'].map((name) => [name, deployment]))
  })

  test.each([
    ['dead-letters', 'BundleQueueDeadLetters', 'ApproximateNumberOfMessagesVisible'],
    ['audit-failures', 'AuditTableFailures', 'ApproximateNumberOfMessagesVisible'],
    ['queue-age', 'BundleQueue', 'ApproximateAgeOfOldestMessage'],
  ])('given %s, when its metric is read, then it is that of the queue %s', (id, queue, metric) => {
    const { Dimensions, MetricName, Namespace } = alarmOf(id).properties
    const [dimension] = listed(Dimensions)
    expect([Namespace, MetricName]).toEqual(['AWS/SQS', metric])
    expect(isRecord(dimension) && rendered(dimension.Value)).toBe(`${queue}.QueueName`)
  })

  test.each(['Errors', 'Throttles'])(
    'given %s of functions, when the alarm is read, then it sums those of all',
    (metric) => {
      const { Metrics } = alarmOf(metric === 'Errors' ? 'function-errors' : 'function-throttles').properties
      const summed = listed(Metrics)
        .filter(isRecord)
        .flatMap(({ MetricStat }) => (isRecord(MetricStat) ? [MetricStat.Metric] : []))
      expect(summed.filter(isRecord).map(({ MetricName }) => MetricName)).toEqual(functions.map(() => metric))
    },
  )
})

describe('composite alarms', () => {
  test.each(['page', 'ticket'] as const)(
    'given %s, when its rule is read, then its members are the alarms of that severity',
    (severity) => {
      const rule = rendered(alarmOf(severity, composites).properties.AlarmRule)
      const members = alarmTable
        .filter((row) => row.severity === severity)
        .map(({ id }) => `${plainId(alarmOf(id).id)}.Arn`)
      expect([...rule.matchAll(/ALARM\("(.*?)"\)/g)].map(([, arn]) => arn).toSorted()).toEqual(members.toSorted())
      expect(rule).not.toContain('AND')
    },
  )

  test('given the two, when their actions are read, then they speak to the topic, and no single alarm does', () => {
    for (const { properties } of composites)
      expect(listed(properties.AlarmActions).map(rendered)).toEqual(['AlarmTopic'])
    expect(alarms.flatMap(({ properties }) => listed(properties.AlarmActions))).toEqual([])
  })

  test('given the topic of its own, when its policy is read, then alarms of this account may publish, and nothing goes without TLS', () => {
    const own = statementsOf(template).filter(({ owner }) => owner === 'AlarmTopicPolicy')
    expect(own.map(({ effect, actions, condition }) => [effect, actions, condition])).toEqual([
      ['Deny', ['sns:Publish'], { Bool: { 'aws:SecureTransport': 'false' } }],
      ['Allow', ['sns:Publish'], { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } }],
    ])
  })

  test('given a topic, when it is handed in, then no other is made and the alarms speak to it', () => {
    const other = synthesizeOwn((stack) => ({
      alarmTopic: sns.Topic.fromTopicArn(stack, 'Given', 'arn:aws:sns:eu-central-1:123456789012:alarms'),
    }))
    other.resourceCountIs('AWS::SNS::Topic', 0)
    const actions = resourcesOfType(other, 'AWS::CloudWatch::CompositeAlarm').flatMap(({ properties }) =>
      listed(properties.AlarmActions),
    )
    expect(actions).toEqual(Array(2).fill('arn:aws:sns:eu-central-1:123456789012:alarms'))
  })

  test('given a key, when the topic of its own is made, then it is encrypted with it and CloudWatch may use it', () => {
    const other = synthesizeOwn((stack) => ({ alarmKey: new kms.Key(stack, 'Key') }))
    expect(resourcesOfType(other, 'AWS::SNS::Topic').map(({ properties }) => 'KmsMasterKeyId' in properties)).toEqual([
      true,
    ])
    const policies = resourcesOfType(other, 'AWS::KMS::Key').map(({ properties }) =>
      JSON.stringify(properties.KeyPolicy),
    )
    expect(policies).toEqual([
      expect.stringContaining(
        '"Action":["kms:Decrypt","kms:GenerateDataKey"],"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"}',
      ),
    ])
  })

  test('given where the runbook is, when the alarms are made, then they link there', () => {
    const other = synthesizeOwn(() => ({ runbookUrl: 'https://wiki.example/lockstep' }))
    const described = resourcesOfType(other, 'AWS::CloudWatch::Alarm').map(({ properties }) =>
      String(properties.AlarmDescription),
    )
    expect(described.filter((text) => text.includes('https://wiki.example/lockstep#'))).toHaveLength(alarmTable.length)
  })
})

describe('the dashboard', () => {
  const [dashboard] = resourcesOfType(template, 'AWS::CloudWatch::Dashboard')
  const body = rendered(dashboard?.properties.DashboardBody)

  test('given the stack, when its dashboards are counted, then there is one, named after the deployment', () => {
    template.resourceCountIs('AWS::CloudWatch::Dashboard', 1)
    expect(dashboard?.properties.DashboardName).toBe(deployment)
  })

  test('given each alarm, when the dashboard is read, then it says what the alarm means, and links to what to do', () => {
    const missing = alarmTable.filter(
      ({ id, meaning }) => !body.includes(`[${id}](docs/operations.md#${id}): ${meaning}`),
    )
    expect(missing).toEqual([])
  })

  test('given each metric that has an alarm, when the dashboard is read, then it has a graph', () => {
    const metrics = alarmTable.map(({ source }) => source.metric)
    expect(metrics.filter((name) => !body.includes(`"${name}"`))).toEqual([])
  })
})

describe('schedules', () => {
  const rules = resourcesOfType(template, 'AWS::Events::Rule')
  const inputsOf = (of = rules) =>
    of.flatMap(({ properties }) =>
      listed(properties.Targets)
        .filter(isRecord)
        .map(({ Arn, Input }) => [properties.ScheduleExpression, rendered(Arn), Input]),
    )

  test('given the targets, when the schedules are read, then the watch function looks often and reconciles daily', () => {
    const targets = '"targets":["demo"]'
    expect(inputsOf()).toEqual([
      ['rate(5 minutes)', 'Watch.Arn', `{"action":"look",${targets}}`],
      ['cron(17 3 * * ? *)', 'Watch.Arn', `{"action":"reconcile",${targets}}`],
    ])
  })

  test('given the functions’ own policies, when they are read, then the two rules may call the watch function, and nobody else anything', () => {
    const permissions = resourcesOfType(template, 'AWS::Lambda::Permission').map(({ properties }) =>
      ['FunctionName', 'Principal', 'SourceArn'].map((name) => rendered(properties[name])),
    )
    const byRule = (id: string) => ['Watch.Arn', 'events.amazonaws.com', `${id}.Arn`]
    expect(permissions).toEqual(rules.map(({ id }) => byRule(plainId(id))))
  })

  test('given a thousand targets, when the schedules are read, then each is in one input of each kind, and none is too large', () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `t${'x'.repeat(58)}${String(index).padStart(4, '0')}`)
    const stack = new Stack()
    const watch = lambda.Function.fromFunctionArn(
      stack,
      'Watch',
      'arn:aws:lambda:eu-central-1:123456789012:function:watch',
    )
    new WatchSchedules(stack, 'Schedules', { watch, targets: names })
    const many = Template.fromStack(stack)
    const inputs = inputsOf(resourcesOfType(many, 'AWS::Events::Rule')).map(([, , input]) => String(input))
    expect(inputs.filter((input) => input.length > 8_192)).toEqual([])
    for (const name of names) expect(inputs.filter((input) => input.includes(`"${name}"`))).toHaveLength(2)
    const most = Math.max(
      ...resourcesOfType(many, 'AWS::Events::Rule').map(({ properties }) => listed(properties.Targets).length),
    )
    expect(most).toBeLessThanOrEqual(5)
  })
})

import { CfnOutput, type Stack } from 'aws-cdk-lib'
import { environment } from '../functions/edge/resources.ts'
import type { PostgresMigrations } from './constructs/postgres-migrations.ts'

/** Outputs names that the command line, a pipeline or an operator needs; the ids are a contract. */
export function outputNames(stack: Stack, migrations: PostgresMigrations): void {
  const { bundles, records, queue, control, audit, eventBus, functions } = migrations
  const output = (id: string, value: string, description: string) => new CfnOutput(stack, id, { value, description })
  output('BundleBucket', bundles.bucket.bucketName, `the command line reads it as ${environment.bundleBucket}`)
  output('StatusFunction', functions.status.functionName, `the command line reads it as ${environment.statusFunction}`)
  output('UnlockFunction', functions.unlock.functionName, `the command line reads it as ${environment.unlockFunction}`)
  output(
    'RollbackFunction',
    functions.rollback.functionName,
    `the command line reads it as ${environment.rollbackFunction}`,
  )
  output('ApplyFunction', functions.apply.functionName, 'takes bundles from the queue')
  output('RunnerFunction', functions.runner.functionName, 'migrates; the only function with a way to the databases')
  output('WatchFunction', functions.watch.functionName, 'what the schedules invoke')
  output('AuditFunction', functions.audit.functionName, 'copies audit events to the records bucket and the event bus')
  output('AlarmTopic', migrations.watching.alarmTopic.topicArn, 'subscribe to it: the composite alarms page and ticket')
  output('BundleQueueUrl', queue.queue.queueUrl, 'bundles that wait')
  output('DeadLetterQueueUrl', queue.deadLetters.queueUrl, 'bundles that were given up')
  output('AuditFailureQueueUrl', audit.failures.queueUrl, 'positions of audit events that could not be copied')
  output('ControlTable', control.table.tableName, 'lock, runs, ledger, chain and settings')
  output('AuditTable', audit.table.tableName, 'audit events')
  output('RecordsBucket', records.bucket.bucketName, 'archived audit events, under Object Lock')
  output('EventBus', eventBus.eventBusName, 'lockstep.run.finished, lockstep.migration.applied, …')
}

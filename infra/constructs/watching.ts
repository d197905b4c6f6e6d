import { Stack } from 'aws-cdk-lib'
import type * as kms from 'aws-cdk-lib/aws-kms'
import type * as sns from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import { AlarmTopic } from './alarm-topic.ts'
import { Alarms } from './alarms.ts'
import { Dashboard } from './dashboard.ts'
import type { MigrationsParts } from './migrations-parts.ts'
import { WatchSchedules } from './watch-schedules.ts'

/** What may be decided about alarms. */
export interface WatchingOptions {
  /**
   * Where the two composite alarms go, *page* and *ticket*.
   *
   * @default a topic of its own, to which nobody is subscribed yet
   */
  readonly alarmTopic?: sns.ITopic
  /**
   * Encrypts the topic of its own; a key of yours, since CloudWatch may not use `alias/aws/sns`.
   *
   * @default `encryptionKey`, if there is one
   */
  readonly alarmKey?: kms.IKey
  /**
   * Where docs/operations.md can be read; each alarm's description links to its section there.
   *
   * @default `docs/operations.md`, its place in this repository
   */
  readonly runbookUrl?: string
}

/** What watches a deployment. */
export interface Watching {
  readonly alarmTopic: sns.ITopic
  readonly alarms: Alarms
}

/** Two stacks of one account keep their metrics, alarms and dashboards apart by this name. */
export const deploymentOf = (scope: Construct): string => `${Stack.of(scope).stackName}-${scope.node.id}`

/** Adds the watch function's rights, its schedules, the alarms, their topic and the dashboard to a deployment. */
export function addWatching(
  scope: Construct & MigrationsParts,
  options: WatchingOptions,
  targets: readonly string[],
): Watching {
  const { functions, queue, audit } = scope
  const { alarmKey, runbookUrl = 'docs/operations.md' } = options
  new WatchSchedules(scope, 'WatchSchedules', { watch: functions.watch, targets })
  const alarmTopic = options.alarmTopic ?? new AlarmTopic(scope, 'AlarmTopic', alarmKey && { key: alarmKey }).topic
  const watched = {
    deployment: deploymentOf(scope),
    queues: { bundles: queue.queue, 'dead-letters': queue.deadLetters, 'audit-failures': audit.failures },
    functions: Object.values(functions),
    runbookUrl,
  }
  const alarms = new Alarms(scope, 'Alarms', { ...watched, topic: alarmTopic })
  new Dashboard(scope, 'Dashboard', { ...watched, alarms })
  return { alarmTopic, alarms }
}

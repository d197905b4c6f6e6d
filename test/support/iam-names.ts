import { functions } from '../../functions/edge/resources.ts'
import {
  auditTableName,
  bundleBucket,
  bundleQueueName,
  controlTableName,
  deadLetterName,
  eventBusName,
  lambdaName,
  recordsBucket,
} from '../../scripts/local/names.ts'

/** Kinds of resources that requests name. */
export type ResourceKind = 'table' | 'bucket' | 'queue' | 'function' | 'bus'

const templateNames: Readonly<Record<ResourceKind, Readonly<Record<string, string>>>> = {
  table: { [controlTableName]: 'ControlTable.Arn', [auditTableName]: 'AuditTable.Arn' },
  bucket: { [bundleBucket]: 'BundleBucket.Arn', [recordsBucket]: 'RecordsBucket.Arn' },
  queue: { [bundleQueueName]: 'BundleQueue.Arn', [deadLetterName]: 'BundleQueueDeadLetters.Arn' },
  function: Object.fromEntries(
    functions.map(({ name }) => [lambdaName(name), `${name.charAt(0).toUpperCase()}${name.slice(1)}.Arn`]),
  ),
  bus: { [eventBusName]: 'EventBus.Arn' },
}

/** Names a resource of the embedded cloud as the template does. @throws Error for one that the stack does not have */
export const templateName = (kind: ResourceKind, name: string): string => {
  const found = templateNames[kind][name]
  if (found === undefined) throw new Error(`the stack has no ${kind} "${name}"`)
  return found
}

import type * as lambda from 'aws-cdk-lib/aws-lambda'
import type { FunctionName } from '../../functions/edge/resources.ts'
import type { AuditTable } from './audit-table.ts'
import type { BundleBucket } from './bundle-bucket.ts'
import type { BundleQueue } from './bundle-queue.ts'
import type { ControlTable } from './control-table.ts'
import type { EventBus } from './migrations-props.ts'
import type { RecordsBucket } from './records-bucket.ts'

/** Where everything is kept, and what passes it on. */
export interface Stores {
  readonly bundles: BundleBucket
  readonly records: RecordsBucket
  readonly queue: BundleQueue
  readonly control: ControlTable
  readonly audit: AuditTable
  readonly eventBus: EventBus
}

/** One Lambda function each. */
export type Functions = Readonly<Record<FunctionName, lambda.Function>>

/** A deployment's stores, with the functions between them. */
export interface MigrationsParts extends Stores {
  readonly functions: Functions
}

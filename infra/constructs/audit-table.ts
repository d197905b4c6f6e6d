import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib'
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as kms from 'aws-cdk-lib/aws-kms'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as sqs from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { auditTable, bundleQueue } from '../../functions/edge/resources.ts'
import { type Encrypted, grantKey, queueEncryption } from './encryption.ts'
import { keySchema } from './table-keys.ts'

/** Lambda reports a mapping's stream as unreadable unless the role has all four, on the stream itself. */
const streamReads = [
  'dynamodb:DescribeStream',
  'dynamodb:GetRecords',
  'dynamodb:GetShardIterator',
  'dynamodb:ListStreams',
]
/** A put can overwrite, and can't be denied without the append; the stream's old image tells of it. */
const changes = [
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:BatchWriteItem',
  'dynamodb:PartiQLUpdate',
  'dynamodb:PartiQLDelete',
]
const batchSize = 100
/** A record that fails so often is set aside, or it would hold up its shard's others until they fall out of the stream. */
const retryAttempts = 30

/** Is the append-only table of audit events, with the stream that tells the audit function of each; it outlives the stack. */
export class AuditTable extends Construct {
  readonly table: dynamodb.Table
  /** Where the stream's positions go when their batch failed to the end; the events themselves stay in the table. */
  readonly failures: sqs.Queue
  readonly #key: kms.IKey | undefined

  constructor(scope: Construct, id: string, { encryptionKey }: Encrypted) {
    super(scope, id)
    this.#key = encryptionKey
    this.table = new dynamodb.Table(this, 'Default', {
      ...keySchema(auditTable),
      ...(encryptionKey && { encryptionKey }),
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      stream: dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    })
    this.failures = new sqs.Queue(this, 'Failures', {
      ...queueEncryption(encryptionKey),
      enforceSSL: true,
      retentionPeriod: Duration.days(bundleQueue.deadLetterRetentionDays),
    })
    Validations.of(this.failures).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason:
        'it is the end of the way itself: positions that failed to the end are kept here, and nothing reads it but an operator',
    })
  }

  /** Grants appending; what keeps a put from overwriting is its condition, and the stream's old image tells of one without. */
  grantAppend(grantee: iam.IGrantable): void {
    this.#allow(grantee, ['dynamodb:PutItem'])
  }

  grantRead(grantee: iam.IGrantable): void {
    this.#allow(grantee, ['dynamodb:Query'])
  }

  /** Denies whatever would change or remove an event, whoever grants it: the table is append-only for every function. */
  denyChanges(grantee: iam.IGrantable): void {
    const statement = { effect: iam.Effect.DENY, actions: changes, resources: [this.table.tableArn] }
    grantee.grantPrincipal.addToPrincipalPolicy(new iam.PolicyStatement(statement))
  }

  /** Feeds every change of the table to a function, in order: one batch of a shard at a time, halved until the bad record is alone. */
  streamTo(consumer: lambda.Function): void {
    const { failures } = this
    const stream = this.table.tableStreamArn
    if (stream === undefined) throw new Error('the audit table has no stream')
    iam.Grant.addToPrincipal({ grantee: consumer, actions: streamReads, resourceArns: [stream] })
    grantKey(this.#key, consumer, 'use-table')
    const send = ['sqs:SendMessage']
    iam.Grant.addToPrincipal({ grantee: consumer, actions: send, resourceArns: [failures.queueArn] })
    grantKey(this.#key, consumer, 'send-message')
    new lambda.EventSourceMapping(this, 'Stream', {
      target: consumer,
      eventSourceArn: stream,
      startingPosition: lambda.StartingPosition.TRIM_HORIZON,
      batchSize,
      parallelizationFactor: 1,
      bisectBatchOnError: true,
      retryAttempts,
      reportBatchItemFailures: true,
      onFailure: { bind: () => ({ destination: failures.queueArn }) },
    })
  }

  #allow(grantee: iam.IGrantable, actions: string[]): void {
    iam.Grant.addToPrincipal({ grantee, actions, resourceArns: [this.table.tableArn] })
    grantKey(this.#key, grantee, 'use-table')
  }
}

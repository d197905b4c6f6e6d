import { Aws, Duration } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as kms from 'aws-cdk-lib/aws-kms'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as sqs from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { bundleQueue, visibilityReserveSeconds } from '../../functions/edge/resources.ts'
import { type Encrypted, grantKey, queueEncryption } from './encryption.ts'

interface BundleQueueProps extends Encrypted {
  /** Of the apply function, which gets its messages. */
  readonly frontTimeoutSeconds: number
}

/** Is the queue between S3 and the apply function, with its dead letters. */
export class BundleQueue extends Construct {
  readonly queue: sqs.Queue
  readonly deadLetters: sqs.Queue
  readonly #key: kms.IKey | undefined

  constructor(scope: Construct, id: string, { encryptionKey, frontTimeoutSeconds }: BundleQueueProps) {
    super(scope, id)
    this.#key = encryptionKey
    this.deadLetters = new sqs.Queue(this, 'DeadLetters', {
      ...queueEncryption(encryptionKey),
      enforceSSL: true,
      retentionPeriod: Duration.days(bundleQueue.deadLetterRetentionDays),
    })
    this.queue = new sqs.Queue(this, 'Default', {
      ...queueEncryption(encryptionKey),
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(frontTimeoutSeconds + visibilityReserveSeconds),
      retentionPeriod: Duration.days(bundleQueue.retentionDays),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: bundleQueue.maxReceiveCount },
    })
    this.queue.addToResourcePolicy(this.#ownBucketsMaySend())
  }

  /** Delivers messages to the apply function, and lets it hold the conversation about each: extend, return, set aside. */
  deliverTo(apply: lambda.Function, maxConcurrency: number): void {
    const actions = [
      'sqs:ReceiveMessage',
      'sqs:DeleteMessage',
      'sqs:ChangeMessageVisibility',
      // Lambda's poller, which acts as this function's role, asks for it
      'sqs:GetQueueAttributes',
    ]
    iam.Grant.addToPrincipal({ grantee: apply, actions, resourceArns: [this.queue.queueArn] })
    grantKey(this.#key, apply, 'receive-message')
    const send = ['sqs:SendMessage']
    iam.Grant.addToPrincipal({ grantee: apply, actions: send, resourceArns: [this.deadLetters.queueArn] })
    grantKey(this.#key, apply, 'send-message')
    new lambda.EventSourceMapping(this, 'Delivery', {
      target: apply,
      eventSourceArn: this.queue.queueArn,
      batchSize: bundleQueue.batchSize,
      reportBatchItemFailures: true,
      maxConcurrency,
    })
  }

  /** Lets a front put a run into the queue that no upload tells of. */
  grantSend(front: lambda.Function): void {
    iam.Grant.addToPrincipal({ grantee: front, actions: ['sqs:SendMessage'], resourceArns: [this.queue.queueArn] })
    grantKey(this.#key, front, 'send-message')
  }

  /** Names the account and not the bucket: the bucket has to wait for this policy, and a policy that named it would wait for it. */
  #ownBucketsMaySend(): iam.PolicyStatement {
    return new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal('s3.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [this.queue.queueArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    })
  }
}

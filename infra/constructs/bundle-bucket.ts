import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as kms from 'aws-cdk-lib/aws-kms'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { bundleKeys, bundlePrefix } from '../../functions/edge/resources.ts'
import type { BundleQueue } from './bundle-queue.ts'
import { denyOverwrites } from './deny-overwrites.ts'
import { bucketEncryption, type Encrypted, grantKey } from './encryption.ts'

/** A version that was written over or deleted is kept this long, so that a run that names it can still read it. */
const noncurrentVersionExpiration = Duration.days(90)
/** What an upload that was never finished may cost. */
const abortIncompleteMultipartUploadAfter = Duration.days(7)

interface BundleBucketProps extends Encrypted {
  /** Is told of every bundle that arrives. */
  readonly queue: BundleQueue
  /** True lets nobody write where an object lies already. */
  readonly refuseOverwrites: boolean
}

/** Is the bucket that bundles are dropped into; it outlives the stack. */
export class BundleBucket extends Construct {
  readonly bucket: s3.Bucket
  readonly #key: kms.IKey | undefined

  constructor(scope: Construct, id: string, props: BundleBucketProps) {
    super(scope, id)
    this.#key = props.encryptionKey
    this.bucket = new s3.Bucket(this, 'Default', {
      versioned: true,
      enforceSSL: true,
      ...bucketEncryption(props.encryptionKey),
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [{ noncurrentVersionExpiration, abortIncompleteMultipartUploadAfter }],
      removalPolicy: RemovalPolicy.RETAIN,
    })
    this.#notify(props.queue)
    if (props.refuseOverwrites) denyOverwrites(this.bucket)
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'each upload is told with its principal and address in the audit stream; access logs come late and may be missing',
    })
  }

  /**
   * Grants reading of bundles, in the version that an event named: for that S3 asks no more than this action. The bucket was never
   * without versions, so there is no event that names none.
   *
   * Without `s3:ListBucket` S3 answers 403 for a key that is gone, which could not be told from a missing right.
   */
  grantRead(grantee: iam.IGrantable): void {
    const resourceArns = [this.bucket.arnForObjects(`${bundleKeys.prefix}*`)]
    const actions = ['s3:GetObjectVersion']
    iam.Grant.addToPrincipal({ grantee, actions, resourceArns })
    const list = ['s3:ListBucket']
    iam.Grant.addToPrincipal({ grantee, actions: list, resourceArns: [this.bucket.bucketArn] })
    grantKey(this.#key, grantee, 'get-object')
  }

  /** Grants writing of one target's bundles, and looking one up again when the answer to its upload was lost. */
  grantPush(grantee: iam.IGrantable, target: string): iam.Grant {
    const resourceArns = [this.bucket.arnForObjects(`${bundlePrefix(target)}*`)]
    const actions = ['s3:PutObject', 's3:GetObject']
    const key = grantKey(this.#key, grantee, 'put-object')
    return iam.Grant.addToPrincipal({ grantee, actions, resourceArns }).combine(key)
  }

  /**
   * Sets the notification on the bucket itself: the L2 method would bring a custom resource along. S3 tries the queue when the
   * notification is made, so the queue's policy has to be there first.
   */
  #notify({ queue }: BundleQueue): void {
    const resource = this.bucket.node.defaultChild as s3.CfnBucket
    const rules = [
      { name: 'prefix', value: bundleKeys.prefix },
      { name: 'suffix', value: bundleKeys.suffix },
    ]
    resource.notificationConfiguration = {
      queueConfigurations: [{ event: 's3:ObjectCreated:*', queue: queue.queueArn, filter: { s3Key: { rules } } }],
    }
    this.bucket.node.addDependency(queue)
  }
}

import { type Duration, RemovalPolicy, Validations } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as kms from 'aws-cdk-lib/aws-kms'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { auditKeys } from '../../functions/edge/resources.ts'
import { denyOverwrites } from './deny-overwrites.ts'
import { bucketEncryption, type Encrypted, grantKey } from './encryption.ts'

const changes = [
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:BypassGovernanceRetention',
  's3:PutObjectRetention',
  's3:PutObjectLegalHold',
]

interface RecordsBucketProps extends Encrypted {
  /** How long an object can't be deleted or replaced, except by a principal that may bypass governance. */
  readonly retention: Duration
  /** In governance, a principal with `s3:BypassGovernanceRetention` may delete before the time is over; in compliance nobody may. */
  readonly mode: RecordsMode
}

export type RecordsMode = 'governance' | 'compliance'

/** Is the write-once bucket of audit events; it outlives the stack. Object Lock can only be chosen when a bucket is made. */
export class RecordsBucket extends Construct {
  readonly bucket: s3.Bucket
  readonly #key: kms.IKey | undefined

  constructor(scope: Construct, id: string, { retention, mode, encryptionKey }: RecordsBucketProps) {
    super(scope, id)
    this.#key = encryptionKey
    this.bucket = new s3.Bucket(this, 'Default', {
      versioned: true,
      objectLockEnabled: true,
      objectLockDefaultRetention: s3.ObjectLockRetention[mode](retention),
      enforceSSL: true,
      ...bucketEncryption(encryptionKey),
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.RETAIN,
    })
    // Object Lock keeps the old version, but who reads a key gets the newest
    denyOverwrites(this.bucket)
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'one function writes here, each object once and under Object Lock; who reads is for the data events of CloudTrail to tell',
    })
  }

  /** Denies whatever would change or remove an object, whoever grants it: the bucket is append-only for every function. */
  denyChanges(grantee: iam.IGrantable): void {
    const resources = [this.bucket.arnForObjects('*')]
    const statement = { effect: iam.Effect.DENY, actions: changes, resources }
    grantee.grantPrincipal.addToPrincipalPolicy(new iam.PolicyStatement(statement))
  }

  /** Grants writing of audit events, and reading one back to compare it when S3 says that it is there already. */
  grantArchive(grantee: iam.IGrantable): void {
    const resourceArns = [this.bucket.arnForObjects(`${auditKeys.prefix}*`)]
    const actions = ['s3:PutObject', 's3:GetObject']
    iam.Grant.addToPrincipal({ grantee, actions, resourceArns })
    grantKey(this.#key, grantee, 'put-object')
  }

  /** Grants finding out which audit events are there; without it S3 answers 403, not 404, for one that is not. */
  grantList(grantee: iam.IGrantable): void {
    iam.Grant.addToPrincipal({ grantee, actions: ['s3:ListBucket'], resourceArns: [this.bucket.bucketArn] })
  }
}

import { Aws } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as kms from 'aws-cdk-lib/aws-kms'
import * as s3 from 'aws-cdk-lib/aws-s3'
import * as sqs from 'aws-cdk-lib/aws-sqs'

/** What is encrypted: with a key of the operator's, or with those that the services own. */
export interface Encrypted {
  readonly encryptionKey: kms.IKey | undefined
}

/** A bucket key stands in for KMS, so that not each object is a call to it. */
export const bucketEncryption = (key: kms.IKey | undefined) =>
  key === undefined
    ? { encryption: s3.BucketEncryption.S3_MANAGED }
    : { encryption: s3.BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true }

/** SQS's own key, not `alias/aws/sqs`: S3 can't send to a queue under that. */
export const queueEncryption = (key: kms.IKey | undefined) =>
  key === undefined
    ? { encryption: sqs.QueueEncryption.SQS_MANAGED }
    : { encryption: sqs.QueueEncryption.KMS, encryptionMasterKey: key }

const decrypt = ['kms:Decrypt']
const encrypt = ['kms:GenerateDataKey', 'kms:Decrypt']

/**
 * What a service asks of KMS in the caller's name, and so what the caller needs beside the right on the service itself.
 *
 * - table: reading and writing an item, and reading the stream, decrypt the table's own key; DynamoDB makes keys by its grant
 *   (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html)
 * - queue: a sender makes a data key and decrypts it to verify it, a receiver decrypts it
 *   (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html)
 * - bucket: a writer makes a data key, and decrypts the bucket's key or the parts of an upload; a reader decrypts
 *   (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html)
 *
 * Logs are encrypted in the name of CloudWatch Logs, and environments under a grant that Lambda makes with the rights of who
 * deploys (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html): neither wants a right here.
 */
const uses = {
  'use-table': { service: 'dynamodb', actions: decrypt },
  'receive-message': { service: 'sqs', actions: decrypt },
  'send-message': { service: 'sqs', actions: encrypt },
  'get-object': { service: 's3', actions: decrypt },
  'put-object': { service: 's3', actions: encrypt },
} as const

/** Lets somebody have a service use the key, if there is one, in their name; past that service they can't use it. */
export function grantKey(key: kms.IKey | undefined, grantee: iam.IGrantable, use: keyof typeof uses): iam.Grant {
  if (key === undefined) return iam.Grant.drop(grantee, 'the services own the keys')
  const { service, actions } = uses[use]
  return iam.Grant.addToPrincipal({
    grantee,
    actions: [...actions],
    resourceArns: [key.keyArn],
    conditions: { StringEquals: { 'kms:ViaService': `${service}.${Aws.REGION}.amazonaws.com` } },
  })
}
